"""Jobs that go wrong: cancels, a GitLab that fails, a container or a pod that ends."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import pytest

from harness import wait
from helper.rig import Rig
from helper.test_job import plain
from podlane.core.job.tell import Told
from podlane.local.coordinator import Fault
from podlane.local.coordinator.faults import Kind


def running(marker: Path) -> bool:
    """Tell whether the process that wrote its pid to `marker` is alive."""
    return Path(f"/proc/{marker.read_text().strip()}").exists()


async def test_canceling_stops_the_script_only(rig: Rig) -> None:
    rig.coordinator.calls.interval = 1
    ticks = "while :; do echo tick; sleep 0.2; done"
    rig.script(ticks, "echo never", after=['echo "status $CI_JOB_STATUS"'])
    await rig.start()
    await rig.until_trace("tick\n")
    rig.coordinator.cancel(rig.job.id)
    await rig.end()
    assert rig.job.state == "canceled"
    shown = plain(rig.trace)
    assert "WARNING: script canceled externally (UI, API)\n" in shown
    assert "\nstatus canceled\n" in shown
    assert shown.endswith("ERROR: Job failed: canceled\n")
    assert rig.word.state == "accepted"


async def test_forced_cancel_ends_everything(rig: Rig) -> None:
    marker = rig.root / "pid"
    rig.script(f"echo $$ > {marker}; while :; do echo tick; sleep 0.1; done", after=["echo after"])
    await rig.start()
    await rig.until_trace("tick\n")
    rig.coordinator.force_cancel(rig.job.id)
    assert await rig.end() == 0
    assert rig.errors == b""
    assert "\nafter\n" not in rig.trace
    assert not running(marker)
    assert rig.word.state == "accepted"


async def test_a_job_that_is_not_ours_never_runs_its_script(rig: Rig) -> None:
    marker = rig.root / "ran"
    rig.script(f"touch {marker}")
    rig.coordinator.force_cancel(rig.job.id)
    await rig.start()
    await rig.end(loop_ends=False)
    assert not marker.exists()


@pytest.mark.parametrize("kind", ["status", "drop", "drop_after"])
async def test_a_failing_gitlab_loses_nothing(rig: Rig, kind: Kind) -> None:
    for call in ("update", "trace", "trace"):
        rig.coordinator.faults.add(Fault(call, kind, status=500))
    rig.script("seq 1 2000")
    await rig.run(timeout=30)
    assert rig.job.state == "success"
    assert "\n".join(str(n) for n in range(1, 2001)) in rig.trace
    assert rig.job.checksum_matches is True


async def test_gitlab_is_away_while_the_script_runs_and_ends(rig: Rig) -> None:
    rig.script("echo begun; sleep 1; seq 1 500", after=["echo after"])
    await rig.start()
    await rig.until_trace("begun\n")
    rig.coordinator.faults.add(Fault("*", "status", status=502, until=time.time() + 4))
    await rig.end(timeout=30)
    assert rig.job.state == "success"
    assert "\nafter\n" in plain(rig.trace)
    assert rig.job.checksum_matches is True


async def test_term_sends_what_there_is(rig: Rig) -> None:
    rig.coordinator.calls.interval = 60
    rig.script("echo begun; sleep 1; echo second; sleep 2; exit 1")
    await rig.start()
    await rig.until_trace("begun\n")
    assert rig.helper is not None
    spool = rig.pod / "spool" / "trace"
    await wait.until("a line that waits", lambda: b"second\n" in spool.read_bytes(), 5, 0.02)
    rig.helper.send_signal(signal.SIGTERM)
    await rig.until_trace("second\n", timeout=1)
    await rig.end()


async def test_gitlab_loses_the_trace(rig: Rig) -> None:
    rig.coordinator.calls.interval = 1
    rig.script("echo one; sleep 1.5; echo two; sleep 1.5; echo three")
    await rig.start()
    await rig.until_trace("one\n")
    rig.coordinator.faults.add(Fault("trace", "lose"))
    await rig.end()
    assert "$ cat" not in rig.trace
    assert rig.trace.count("Getting source from Git repository") == 1
    assert rig.job.checksum_matches is True


async def test_final_put_is_repeated_while_gitlab_says_later(rig: Rig) -> None:
    rig.coordinator.calls.pending_answers = 2
    await rig.run()
    assert rig.job.state == "success"
    assert rig.job.final_tries == 3


async def test_others_wrote_before_us(rig: Rig) -> None:
    rig.job.append(b"the manager's line\n")
    await rig.run()
    assert rig.trace.startswith("the manager's line\n")
    assert plain(rig.trace).endswith("Job succeeded\n")
    assert rig.job.checksum_matches is None


async def test_build_container_dies_in_the_script(rig: Rig) -> None:
    rig.script("echo begun; sleep 60")
    await rig.start()
    await rig.until_trace("begun\n")
    assert rig.loop is not None
    os.killpg(rig.loop.pid, signal.SIGKILL)
    assert await rig.end() == 0
    assert rig.errors == b""
    assert rig.word.state == "deferred"
    assert rig.job.state == "running"


async def test_a_hello_that_was_said_while_the_sources_came_is_heard(rig: Rig) -> None:
    rig.change_part("limits", hello=0.5)
    rig.change_part("sources", pre_script=("sleep 1",))
    await rig.run()
    assert rig.job.state == "success"


async def test_no_hello_within_the_time_of_preparation(rig: Rig) -> None:
    rig.change_part("limits", hello=30.0, prepare=1.0)
    await rig.start(with_loop=False)
    await rig.end()
    assert (rig.job.state, rig.job.failure_reason) == ("failed", "job_execution_timeout")
    assert "ERROR: Job failed: prepare timeout: the build container" in plain(rig.trace)


async def test_no_hello_in_time(rig: Rig) -> None:
    rig.change_part("limits", hello=1.0)
    await rig.start(with_loop=False)
    await rig.end()
    assert rig.job.state == "failed"
    assert "did not start within 1 seconds" in plain(rig.trace)
    assert "never" not in rig.trace


async def test_the_manager_tells_to_leave_the_word(rig: Rig) -> None:
    await rig.start(with_loop=False)
    await rig.until_trace("Checking out")
    rig.tell(Told("the image is not there"))
    await rig.end()
    assert rig.word.state == "deferred"
    assert rig.job.state == "running"


async def test_a_job_that_ends_in_its_grace_counts(rig: Rig) -> None:
    rig.script("echo begun; sleep 1; echo survived")
    await rig.start()
    await rig.until_trace("begun\n")
    assert rig.helper is not None
    rig.helper.send_signal(signal.SIGTERM)
    await rig.end()
    assert rig.job.state == "success"
    assert "survived\n" in rig.trace


async def test_a_failure_after_term_is_the_system_s(rig: Rig) -> None:
    rig.script("echo begun; sleep 1; exit 3")
    await rig.start()
    await rig.until_trace("begun\n")
    assert rig.helper is not None
    rig.helper.send_signal(signal.SIGTERM)
    await rig.end()
    assert (rig.job.state, rig.job.failure_reason) == ("failed", "runner_system_failure")


async def test_the_grace_is_over(rig: Rig) -> None:
    rig.change_part("limits", pod_grace=4.0)
    rig.script("echo begun; sleep 60", after=["echo after"])
    await rig.start()
    await rig.until_trace("begun\n")
    assert rig.helper is not None
    rig.helper.send_signal(signal.SIGTERM)
    assert await rig.end(timeout=6) == 0
    assert rig.errors == b""
    assert (rig.job.state, rig.job.failure_reason) == ("failed", "runner_system_failure")
    assert "unexpected error" not in rig.trace


async def test_what_nobody_foresaw_is_the_system_s_failure(rig: Rig) -> None:
    """Anything unforeseen ends the job with a line, and a traceback for us."""
    rig.change_part("places", project="/outside/of/builds")
    await rig.start()
    await rig.end(loop_ends=False)
    assert (rig.job.state, rig.job.failure_reason) == ("failed", "runner_system_failure")
    assert "unexpected error" in rig.trace
    assert b"Traceback" in rig.errors


async def test_a_server_without_an_answer_to_the_probe_gets_the_trace_all_the_same(
    rig: Rig,
) -> None:
    rig.coordinator.faults.add(Fault("trace", "status", status=400, times=3))
    rig.script("echo here")
    await rig.run(timeout=30)
    assert rig.job.state == "success"
    assert "here\n" in rig.trace
