"""TERM comes to the pod: the log so far is sent at once, a script that runs may end well, and one
that has not begun does not begin."""

from __future__ import annotations

import signal
import time
from functools import partial
from pathlib import Path

import pytest

from harness import wait
from helper.rig import Rig
from helper.test_job import plain
from podlane.core.job.outcome import SUCCESS
from podlane.local.coordinator import Fault

SYSTEM = ("failed", "runner_system_failure")


def term(rig: Rig) -> None:
    assert rig.helper is not None
    rig.helper.send_signal(signal.SIGTERM)


def holds(rig: Rig, text: str) -> bool:
    """Whether the helper has kept this of the log."""
    return text.encode() in (rig.pod / "spool" / "trace").read_bytes()


@pytest.mark.parametrize("place", ["the start", "sources", "build container"])
async def test_a_script_that_has_not_begun_does_not_begin(rig: Rig, place: str) -> None:
    marker = rig.root / "ran"
    rig.script(f"touch {marker}", after=[f"touch {marker}"])
    if place == "sources":
        rig.change_part("sources", pre_script=("echo waiting; sleep 30",))
    await rig.start(with_loop=place != "build container")
    waits = {"sources": "waiting\n", "build container": "Checking out"}
    if place in waits:
        await rig.until_trace(waits[place])
    else:
        await wait.until("the helper's first word", (rig.pod / "termination").exists, every=0.005)
    began = time.monotonic()
    term(rig)
    await rig.end(loop_ends=False)
    assert time.monotonic() - began < 8  # of a grace of 30
    assert (rig.job.state, rig.job.failure_reason) == SYSTEM
    assert not marker.exists()
    assert "the pod was told to end; its script has not begun and will not begin\n" in plain(
        rig.trace
    )
    assert plain(rig.trace).endswith(
        "ERROR: Job failed (system failure): the pod was told to end, and the job had not begun "
        "its script\nhint: `retry: when: runner_system_failure` runs such jobs again\n"
    )
    assert rig.word.state == "accepted"


async def test_a_script_that_will_not_end_is_reported_before_the_kill(rig: Rig) -> None:
    """It ignores TERM, and caches and artifacts are asked for: the last words come in time."""
    rig.change_part("limits", pod_grace=4.0)
    rig.script(
        "trap 'echo ignored' TERM; echo begun; while :; do sleep 0.2; done", after=["echo a"]
    )
    await rig.start()
    await rig.until_trace("begun\n")
    term(rig)
    began = time.monotonic()
    await rig.end(timeout=6)
    assert time.monotonic() - began < 3.5
    assert (rig.job.state, rig.job.failure_reason) == SYSTEM
    assert "what runs has 1s to end well" in rig.trace
    assert "the pod was told to end, and the job was not done 1s later" in rig.trace
    assert "\na\n" not in rig.trace
    assert rig.word.state == "accepted"


async def test_a_failure_after_term_tells_its_exit_code(rig: Rig) -> None:
    rig.script("echo begun; sleep 1; exit 3", after=['echo "after: $CI_JOB_STATUS"'])
    await rig.start()
    await rig.until_trace("begun\n")
    term(rig)
    await rig.end()
    assert (rig.job.state, rig.job.failure_reason, rig.job.exit_code) == (*SYSTEM, 0)
    assert "the pod was told to end, and the job failed after that, with exit code 3" in rig.trace
    assert "after: failed\n" in plain(rig.trace)


async def test_after_term_the_log_is_sent_as_it_comes(rig: Rig) -> None:
    rig.coordinator.calls.interval = 60
    rig.script("echo begun; for i in $(seq 40); do echo tick $i; sleep 0.1; done")
    await rig.start()
    await rig.until_trace("begun\n")
    term(rig)
    for number in (10, 20, 30):
        text = f"tick {number}\n"
        await wait.until(text, partial(holds, rig, text), 5, 0.02)
        await rig.until_trace(text, timeout=1.2)
    await rig.end()


async def test_term_ends_the_pauses_of_a_gitlab_that_was_away(rig: Rig) -> None:
    rig.script("echo begun; until [ -e go ]; do sleep 0.05; done; echo more; sleep 30")
    await rig.start()
    await rig.until_trace("begun\n")
    away = Fault("trace", status=503, times=1000, headers={"Retry-After": "60"})
    rig.coordinator.faults.add(away)
    rig.coordinator.calls.interval = 1
    (rig.project / "go").touch()
    await wait.until("an answer that asks for a long pause", lambda: away.hits > 0, 20)
    rig.coordinator.faults.clear()
    term(rig)
    await rig.until_trace("what runs has 27s to end well", timeout=1.5)


async def test_a_forced_cancel_is_no_drain(rig: Rig) -> None:
    """The manager deletes the pod of a job that GitLab has ended: all ends at once, unsaid."""
    pid = rig.root / "pid"
    rig.script(f"echo $$ > {pid}; echo begun; sleep 60", after=["echo after"])
    await rig.start()
    await rig.until_trace("begun\n")
    rig.coordinator.force_cancel(rig.job.id)
    term(rig)
    await rig.end(timeout=5)
    assert rig.job.state == "canceled"
    assert rig.word.state == "accepted"
    assert "told to end" not in rig.trace
    assert not Path(f"/proc/{pid.read_text().strip()}").exists()


async def test_a_cancel_after_term_is_a_cancel(rig: Rig) -> None:
    rig.script("echo begun; while :; do echo tick; sleep 0.2; done")
    await rig.start()
    await rig.until_trace("begun\n")
    term(rig)
    await rig.until_trace("told to end")
    rig.coordinator.cancel(rig.job.id)
    await rig.end(timeout=15)
    assert rig.job.state == "canceled"
    assert "script canceled externally" in rig.trace


async def test_a_log_that_is_closed_is_not_written_to(rig: Rig) -> None:
    """The job is done and only GitLab's yes is waited for, when TERM comes."""
    rig.coordinator.faults.add(Fault("update", status=503, state="success", times=2))
    await rig.start()
    await rig.until_trace("Job succeeded")
    term(rig)
    await rig.end()
    assert rig.job.state == "success"
    assert plain(rig.trace).endswith("Job succeeded\n")
    assert rig.word.state == "accepted"


async def test_a_job_that_is_done_is_left_decided_where_gitlab_stays_away(rig: Rig) -> None:
    """The manager repeats the outcome when the helper is gone."""
    rig.change_part("limits", pod_grace=2.0)
    rig.coordinator.faults.add(Fault("update", status=503, state="success", times=1000))
    await rig.start()
    await rig.until_trace("Job succeeded")
    term(rig)
    await rig.end(timeout=5)
    assert rig.job.state == "running"
    assert (rig.word.state, rig.word.outcome) == ("decided", SUCCESS)
