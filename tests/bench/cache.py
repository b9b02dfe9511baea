"""A cache of 500 MB to an object store and back: versitygw on this machine, the helper in 128Mi."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

import msgspec

from bench import helper
from bench.helper import Use
from bench.scene import opened
from harness.cluster import RealCluster
from harness.play import Play
from harness.scenario import JobSpec
from podlane.core.text.token import Token, short_token
from podlane.local.coordinator import CoordinatorJob
from stores import s3

REPEATS = 3
FILES, LARGE = 5000, 4
_LINE = re.compile(rb"^(\S+Z) \w\w[OE][ +]?(.*)$", re.MULTILINE)
_NOISE = "head -c {size} /dev/urandom | base64 -w0"

# 5,000 files of 27 kB and 4 of 95 MB, as base64 writes them
MAKE = (
    "mkdir -p kept",
    f"{_NOISE.format(size=FILES * 27_000 * 3 // 4)} | split -b 27000 -a 4 - kept/file-",
    f"for n in 1 2 3 4; do {_NOISE.format(size=95_000_000 * 3 // 4)} > kept/large-$n; done",
)


class CacheFigures(msgspec.Struct, frozen=True):
    """Seconds, MiB. `unchanged`: a save that finds nothing to do."""

    save: list[float]
    restore: list[float]
    unchanged: list[float]
    cpu_save: list[float]
    cpu_restore: list[float]
    resident: float
    anonymous: float


async def measure(stage: RealCluster) -> CacheFigures:
    save, restore, unchanged = [], [], []
    saving, restoring = [], []
    with s3.versitygw(stage.folder / "store", stage.host) as store:
        config = {
            "cache": store.config(),
            "feature_flags": {"FF_TIMESTAMPS": True},
            "kubernetes": {"helper_memory_limit": "128Mi"},
        }
        for number in range(REPEATS):
            async with opened(stage, f"cache-{number}", config) as scene:
                cache = {"key": f"key-{number}", "paths": ["kept/"]}
                job, use = await run(scene, _spec({**cache, "policy": "push"}, *MAKE))
                save.append(between(job, b"Creating cache", b"Created cache"))
                saving.append(use)
                job, use = await run(scene, _spec(cache, f"ls kept | wc -l | grep {FILES + LARGE}"))
                restore.append(between(job, b"Checking cache", b"Successfully extracted"))
                unchanged.append(between(job, b"Creating cache", b"Archive is up to date!"))
                restoring.append(use)
                await scene.nothing_stays(60)
    both = [*saving, *restoring]
    return CacheFigures(
        save,
        restore,
        unchanged,
        [one.cpu_seconds for one in saving],
        [one.cpu_seconds for one in restoring],
        max(one.resident_mib for one in both),
        max(one.anonymous_mib for one in both),
    )


def _spec(cache: dict[str, Any], *script: str) -> JobSpec:
    return JobSpec(script=script, cache=(cache,), image="debian-git:1")


async def run(scene: Play, spec: JobSpec, *needs: CoordinatorJob) -> tuple[CoordinatorJob, Use]:
    known = next(iter(scene.gitlab.coordinator.runners.known.values()))
    async with helper.watched(f"runner-{short_token(Token(known.token)).lower()}") as use:
        job = scene.gitlab.enqueue(spec, needs)
        await scene.gitlab.coordinator.wait_finished(job.id, 300)
    assert job.state == "success", f"{job.failure_reason}: {job.trace[-2000:]!r}"
    return job, use


def between(job: CoordinatorJob, first: bytes, last: bytes) -> float:
    """Seconds from one line of the log to another, by the log's own times."""
    times = [
        (datetime.fromisoformat(match[1].decode()), match[2]) for match in _LINE.finditer(job.trace)
    ]
    begin = next(moment for moment, text in times if first in text)
    end = next(moment for moment, text in times if last in text and moment >= begin)
    return (end - begin).total_seconds()
