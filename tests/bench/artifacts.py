"""Artifacts of 500 MB up to GitLab and down again: the helper in 128Mi, GitLab on this machine."""

from __future__ import annotations

import msgspec

from bench.cache import FILES, LARGE, MAKE, between, run
from bench.scene import opened
from harness.cluster import RealCluster
from harness.scenario import JobSpec

REPEATS = 3


class ArtifactFigures(msgspec.Struct, frozen=True):
    """Seconds, MiB."""

    up: list[float]
    down: list[float]
    cpu_up: list[float]
    cpu_down: list[float]
    resident: float


async def measure(stage: RealCluster) -> ArtifactFigures:
    up, down = [], []
    sending, fetching = [], []
    config = {
        "feature_flags": {"FF_TIMESTAMPS": True},
        "kubernetes": {"helper_memory_limit": "128Mi"},
    }
    for number in range(REPEATS):
        async with opened(stage, f"artifacts-{number}", config) as scene:
            spec = JobSpec(script=MAKE, artifacts={"paths": ["kept/"]}, image="debian-git:1")
            job, use = await run(scene, spec)
            up.append(between(job, b"Uploading artifacts...", b"201 Created"))
            sending.append(use)
            script = (f"ls kept | wc -l | grep {FILES + LARGE}",)
            job, use = await run(scene, JobSpec(script=script, image="debian-git:1"), job)
            down.append(between(job, b"Downloading artifacts for", b"step_script"))
            fetching.append(use)
            await scene.nothing_stays(60)
    return ArtifactFigures(
        up,
        down,
        [one.cpu_seconds for one in sending],
        [one.cpu_seconds for one in fetching],
        max(one.resident_mib for one in (*sending, *fetching)),
    )
