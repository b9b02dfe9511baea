"""A log far over its limit: cut at 400 MiB between two characters, and the helper stays small."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path

import pytest

from harness import wait
from harness.cluster import RealCluster
from harness.play import Open
from harness.scenario import JobSpec, RunnerSpec
from podlane.local.coordinator import CoordinatorJob

LIMIT = 409_600 * 1024
MOST_MEMORY = 64 * 1024  # KiB
NOTICE = (
    f"\n\x1b[33;1mJob's log exceeded limit of {LIMIT} bytes.\n"
    "Job execution will continue but no more output will be collected.\x1b[0;m\n"
).encode()


@pytest.mark.alone
@pytest.mark.timeout(600)
async def test_five_hundred_megabytes_of_log(stage: RealCluster, scene: Open) -> None:
    limit = RunnerSpec(config={"output_limit": LIMIT // 1024})
    line = "€" * 33  # a hundred bytes with the newline, three to a character
    async with scene(runners=(limit,)) as play:
        play.gitlab.coordinator.calls.limit_bytes = 0  # GitLab's own is 100 MB
        spec = JobSpec(script=(f"(yes '{line}' || true) | head -c 500000000",))
        job = play.gitlab.enqueue(spec)
        peak = await _watched(stage, job)
        await play.nothing_stays(20)
    assert (job.state, job.failure_reason) == ("success", "")
    assert job.checksum_matches
    log, _, rest = job.trace.partition(NOTICE)
    assert rest == b""
    assert LIMIT - 3 < len(log) <= LIMIT
    assert log.decode("utf-8", "strict").count(f"{line}\n") > LIMIT // 100 - 100
    assert 0 < peak < MOST_MEMORY, f"{peak} KiB"


async def _watched(stage: RealCluster, job: CoordinatorJob) -> int:
    """The helper's peak resident memory in KiB, as the kernel counts it."""
    await wait.until("the job's pod", lambda: job.trace_size > 0, 60)
    (pod,) = await stage.items("pods")
    uid = pod["metadata"]["uid"]
    peak = 0
    while not job.finished.is_set():
        peak = max(peak, _peak(uid))
        await asyncio.sleep(0.2)
    return peak


def _peak(uid: str) -> int:
    words = (uid, uid.replace("-", "_"))
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if b"helper" not in (process / "cmdline").read_bytes():
                continue
            if not any(word in (process / "cgroup").read_text() for word in words):
                continue
            found = re.search(r"VmHWM:\s+(\d+) kB", (process / "status").read_text())
        except OSError:
            continue
        if found:
            return int(found[1])
    return 0
