"""A clone of 5,000 files: the helper in 128Mi, GitLab on this machine."""

from __future__ import annotations

from dataclasses import replace

import msgspec

from bench.cache import between, run
from bench.scene import opened
from harness import gitlab
from harness.cluster import RealCluster
from harness.scenario import JobSpec

REPEATS = 5
FILES = 5000


class CloneFigures(msgspec.Struct, frozen=True):
    """Seconds, MiB."""

    took: list[float]
    cpu: list[float]
    resident: float


async def measure(stage: RealCluster) -> CloneFigures:
    """`took`: from the header of get_sources to the commit checked out and cleaned."""
    repository = gitlab.make_repository(stage.folder / "large", files=FILES)
    config = {
        "feature_flags": {"FF_TIMESTAMPS": True},
        "kubernetes": {"helper_memory_limit": "128Mi"},
    }
    spec = JobSpec(script=(f"git ls-files | wc -l | grep {FILES + 1}",), image="debian-git:1")
    took, used = [], []
    async with opened(replace(stage, repository=repository), "clone", config) as scene:
        for _ in range(REPEATS):
            job, use = await run(scene, spec)
            took.append(between(job, b"Fetching changes", b"Skipping Git submodules setup"))
            used.append(use)
            await scene.nothing_stays(60)
    return CloneFigures(
        took, [one.cpu_seconds for one in used], max(one.resident_mib for one in used)
    )
