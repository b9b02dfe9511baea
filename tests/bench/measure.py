"""The measurements, each on a machine that is otherwise idle."""

from __future__ import annotations

import asyncio
import re
import statistics
from collections.abc import Callable

from bench import artifacts, cache, clone, deployed, process
from bench.figures import Figures
from bench.scene import CROWD, opened
from harness import cluster
from harness.audit import Audit
from harness.cluster import RealCluster
from harness.play import Play
from harness.scenario import JobSpec
from podlane.local.coordinator import CoordinatorJob

REPEATS = 10
LONG_LOGS = 3
LINE = "x" * 99
Take = Callable[[str, list[float]], None]
MEGABYTES = 60
_MARK = re.compile(rb"at=(\d+\.\d+)")

# the script says itself when its first line ran, and when its last did: on one machine, one clock
TRIVIAL = JobSpec(script=("date +at=%s.%N",), image="debian-git:1")
LONG_LOG = JobSpec(
    script=(f"yes {LINE} | head -n {MEGABYTES * 10_000} || true; date +at=%s.%N",),
    image="debian-git:1",
)


async def everything(stage: RealCluster) -> Figures:
    medians: dict[str, float] = {}
    spread: dict[str, tuple[float, float]] = {}

    def take(name: str, values: list[float]) -> None:
        medians[name] = statistics.median(values)
        spread[name] = (min(values), max(values))

    async with opened(stage, "one-by-one") as scene:
        await _run(scene, TRIVIAL)  # the first one warms up images and connections
        await scene.nothing_stays(30)
        audit = Audit(cluster.audit_log())
        trivial = [await _settled(scene, TRIVIAL) for _ in range(REPEATS)]
        await asyncio.sleep(3)  # the audit log is written a little late
        requests = audit.requests(stage.namespace)
        take("cpu_trivial", await _cpu_in_a_row(scene, TRIVIAL, REPEATS))
        long = [await _settled(scene, LONG_LOG) for _ in range(LONG_LOGS)]
        take("cpu_long_log", await _cpu_in_a_row(scene, LONG_LOG, LONG_LOGS))
        take("first_line", [_marks(job) - job.moments["running"] for job in trivial])
        take("final_status", [_took(job) for job in trivial])
        take("log_tail", [job.moments["success"] - _marks(job) for job in long])
        assert all(job.trace_size > MEGABYTES * 1_000_000 for job in long)
    async with opened(stage, "crowd") as scene:
        jobs = [scene.gitlab.enqueue(TRIVIAL) for _ in range(CROWD)]
        for job in jobs:
            await scene.gitlab.coordinator.wait_finished(job.id, 120)
        medians["memory"] = process.peak_resident_mib(scene.manager.pid)
        await scene.nothing_stays(30)
    there = await deployed.measure(stage.folder / "deployed", stage.repository)
    take("deployed_wait", there.waits)
    medians["deployed_memory"] = there.memory
    await _helpers_work(stage, medians, take)
    medians["requests"] = sum(requests.values()) / REPEATS
    return Figures(medians, spread, dict(requests), REPEATS)


async def _helpers_work(stage: RealCluster, medians: dict[str, float], take: Take) -> None:
    """What the helper does: clone, cache, artifacts."""
    cloned = await clone.measure(stage)
    for name in ("fetch", "checkout", "cpu"):
        take(f"clone_{name}", getattr(cloned, name))
    medians["clone_memory"] = cloned.resident
    moved = await cache.measure(stage)
    for name in ("save", "restore", "unchanged", "cpu_save", "cpu_restore"):
        take(f"cache_{name}", getattr(moved, name))
    medians["cache_memory"] = moved.resident
    sent = await artifacts.measure(stage)
    for name in ("up", "down", "cpu_up", "cpu_down"):
        take(f"artifacts_{name}", getattr(sent, name))
    medians["artifacts_memory"] = sent.resident


async def _run(scene: Play, spec: JobSpec) -> CoordinatorJob:
    job = scene.gitlab.enqueue(spec)
    await scene.gitlab.coordinator.wait_finished(job.id, 120)
    assert job.state == "success", f"{job.failure_reason}: {job.trace[-2000:]!r}"
    return job


async def _settled(scene: Play, spec: JobSpec) -> CoordinatorJob:
    """Run one job to its removal."""
    job = await _run(scene, spec)
    await scene.nothing_stays(30)
    return job


async def _cpu_in_a_row(scene: Play, spec: JobSpec, count: int) -> list[float]:
    """The manager's CPU seconds from each job's end to the next one's, the removal of the one
    before included."""
    used = []
    await _run(scene, spec)
    for _ in range(count):
        before = process.exact_cpu_seconds(scene.manager.pid)
        await _run(scene, spec)
        used.append(process.exact_cpu_seconds(scene.manager.pid) - before)
    await scene.nothing_stays(30)
    return used


def _marks(job: CoordinatorJob) -> float:
    return float(_MARK.findall(job.trace)[-1])


def _took(job: CoordinatorJob) -> float:
    return job.moments["success"] - job.moments["running"]
