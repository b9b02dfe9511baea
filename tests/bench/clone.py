"""A clone of 5,000 files: the helper in 128Mi, GitLab on this machine."""

from __future__ import annotations

import re
from dataclasses import replace

import msgspec

from bench.cache import between, run
from bench.scene import opened
from harness import gitlab
from harness.cluster import RealCluster
from harness.scenario import JobSpec

REPEATS = 5
FILES = 5000
_CPU = re.compile(rb"helper  memory .*CPU ([\d.]+) s")


class CloneFigures(msgspec.Struct, frozen=True):
    """Seconds, MiB. `cpu` is the helper's container's, git included."""

    fetch: list[float]
    checkout: list[float]
    cpu: list[float]
    resident: float


async def measure(stage: RealCluster) -> CloneFigures:
    repository = gitlab.make_repository(stage.folder / "large", files=FILES)
    config = {
        "feature_flags": {"FF_TIMESTAMPS": True},
        "kubernetes": {"helper_memory_limit": "128Mi"},
    }
    spec = JobSpec(script=(f"git ls-files | wc -l | grep {FILES + 1}",), image="debian-git:1")
    jobs, used = [], []
    async with opened(replace(stage, repository=repository), "clone", config) as scene:
        for _ in range(REPEATS):
            job, use = await run(scene, spec)
            jobs.append(job)
            used.append(use)
            await scene.nothing_stays(60)
    return CloneFigures(
        [between(job, b"Fetching changes", b"Checking out") for job in jobs],
        [between(job, b"Checking out", b"Skipping Git submodules setup") for job in jobs],
        [float(_CPU.findall(job.trace)[-1]) for job in jobs],
        max(one.resident_mib for one in used),
    )
