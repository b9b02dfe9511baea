"""GitLab is away for long while a script prints much: nothing waits, nothing is lost, and the
helper stays small.

`PODLANE_OUTAGE_LINES` and `PODLANE_OUTAGE_SECONDS` make it as large as it gets: 8000000 lines are
63 MB, and ten minutes are 600.
"""

from __future__ import annotations

import asyncio
import os
import time
from pathlib import Path

import pytest

from harness import wait
from helper.rig import Rig
from helper.test_job import plain
from podlane.local.coordinator import Fault
from podlane.local.coordinator.faults import Kind

LINES = int(os.environ.get("PODLANE_OUTAGE_LINES", "1200000"))
SECONDS = float(os.environ.get("PODLANE_OUTAGE_SECONDS", "2"))
MOST_MEMORY = 64 << 20


def peak(pid: int) -> int:
    """The most memory a process has ever had, in bytes."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) << 10 for line in lines if line.startswith("VmHWM"))


def numbers(count: int) -> str:
    return "".join(f"{number}\n" for number in range(1, count + 1))


@pytest.mark.parametrize("kind", ["drop", "status"])
async def test_a_long_log_while_gitlab_is_away(rig: Rig, kind: Kind) -> None:
    done = rig.root / "done"
    rig.change_part("trace", limit_bytes=100_000_000)
    rig.script("echo begun; until [ -e go ]; do sleep 0.05; done", f"seq {LINES}; touch {done}")
    await rig.start()
    await rig.until_trace("begun\n")
    assert rig.helper is not None
    pid = rig.helper.pid
    away = rig.coordinator.faults.add(Fault("*", kind, status=502, times=1_000_000))
    (rig.project / "go").touch()
    until = time.monotonic() + SECONDS
    await wait.until("the end of the script, which waits for nobody", done.exists, 60)
    wanted = f"\n{LINES}\n".encode()
    spool = rig.pod / "spool" / "trace"
    await wait.until("all of it in the spool", lambda: wanted in spool.read_bytes()[-4096:], 60)
    before = rig.job.trace_size
    await asyncio.sleep(max(0.0, until - time.monotonic()))
    assert (rig.job.trace_size, rig.job.state) == (before, "running")
    assert away.hits
    most = peak(pid)
    rig.coordinator.faults.clear()
    await rig.until_trace(wanted.decode(), timeout=60)
    most = max(most, peak(pid) if Path(f"/proc/{pid}").exists() else 0)
    await rig.end(timeout=30)
    assert rig.job.state == "success"
    assert numbers(LINES) in rig.trace
    assert rig.job.checksum_matches is True
    assert most < MOST_MEMORY, f"{most >> 20} MiB"


async def test_gitlab_is_asked_less_often_the_longer_it_is_away(rig: Rig) -> None:
    rig.coordinator.calls.interval = 1
    rig.script("echo begun; until [ -e go ]; do sleep 0.05; done; echo more; sleep 8; echo last")
    await rig.start()
    await rig.until_trace("begun\n")
    away = rig.coordinator.faults.add(Fault("trace", "status", status=503, times=1_000_000))
    (rig.project / "go").touch()
    await wait.until("the end of the script", lambda: "last\n" in spooled(rig), 20)
    assert 2 <= away.hits <= 5
    rig.coordinator.faults.clear()
    await rig.end(timeout=30)
    assert rig.job.state == "success"


def spooled(rig: Rig) -> str:
    return (rig.pod / "spool" / "trace").read_bytes().decode()


async def test_others_write_in_the_middle(rig: Rig) -> None:
    rig.coordinator.calls.interval = 1
    rig.script("echo one; sleep 1; echo two; sleep 1; echo three")
    await rig.start()
    await rig.until_trace("one\n")
    rig.job.append(b"\nthe manager's line\n")
    await rig.end()
    assert rig.trace.count("the manager's line") == 1
    own = rig.trace.replace("\nthe manager's line\n", "")
    assert own == spooled(rig)


async def test_gitlab_goes_back_a_part_of_the_way(rig: Rig) -> None:
    rig.coordinator.calls.interval = 1
    rig.script("echo one; sleep 1; echo two; sleep 1; echo three")
    await rig.start()
    await rig.until_trace("one\n")
    kept = rig.job.trace[:-9]
    rig.job.lose_trace()
    rig.job.append(kept)
    await rig.end()
    assert rig.trace == spooled(rig)
    assert rig.job.checksum_matches is True


FINAL_TROUBLES: list[tuple[str, Fault]] = [
    ("success", Fault("update", status=500, times=3)),
    ("success", Fault("update", status=409)),
    ("success", Fault("update", status=429, headers={"Retry-After": "1"})),
    ("success", Fault("update", status=412)),
    ("success", Fault("update", "lose")),
    ("success", Fault("update", "drop", times=2)),
    ("success", Fault("update", "drop_after")),
    ("success", Fault("update", "cut")),
    ("running", Fault("update", status=404)),
    ("running", Fault("update", status=410)),
    ("running", Fault("update", status=403)),
    ("canceled", Fault("update", "force_cancel")),
]


@pytest.mark.parametrize(
    ("state", "trouble"), FINAL_TROUBLES, ids=lambda one: getattr(one, "kind", "")
)
async def test_the_final_update_is_repeated_as_gitlab_asks(
    rig: Rig, state: str, trouble: Fault
) -> None:
    trouble.state, trouble.hits = "success", 0
    rig.coordinator.faults.add(trouble)
    await rig.run(timeout=30)
    assert trouble.hits == trouble.times
    assert rig.job.state == state
    assert rig.word.state == "accepted"
    if trouble.kind != "lose":  # the trace was lost with the very call that ended the job
        assert plain(rig.trace).endswith("Job succeeded\n")
        assert rig.trace == spooled(rig)


async def test_412_after_a_loss_brings_the_whole_log_again(rig: Rig) -> None:
    lost = rig.coordinator.faults.add(Fault("update", "lose", state="success"))
    rig.coordinator.calls.pending_answers = 1
    rig.coordinator.faults.add(Fault("update", status=412, state="success"))
    await rig.run(timeout=30)
    assert lost.hits == 1
    assert rig.trace == spooled(rig)
    assert rig.job.checksum_matches is True
