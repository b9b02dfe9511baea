"""The manager in the cluster, as `podlane deploy apply` puts it there: with 100m CPU and 100Mi."""

from __future__ import annotations

import asyncio
import secrets
from pathlib import Path

import msgspec

from bench.scene import CROWD
from harness import gitlab
from harness.audit import Audit
from harness.cluster import BRIDGE, IMAGE, audit_log, kubectl
from harness.deployed import (
    deploy,
    finished,
    manager_cgroup,
    pods_made,
    quick,
    register,
    watched,
)

MEBIBYTE = 1024 * 1024
TIMES = 3


class Deployed(msgspec.Struct, frozen=True):
    """Of each crowd of jobs: seconds from hand-out to pod at the 95th percentile. `memory`: the
    most in MiB, over all."""

    waits: list[float]
    memory: float


async def measure(folder: Path, repository: Path) -> Deployed:
    namespace, config = f"bench-{secrets.token_hex(3)}", folder / "config.toml"
    folder.mkdir(parents=True, exist_ok=True)
    async with gitlab.serve(folder / "gitlab", repository, BRIDGE) as served:
        await register(served, config)
        try:
            await deploy("apply", namespace, f"--config={config}", f"--image={IMAGE}")
            async with watched(await manager_cgroup(namespace)) as memory:
                waits = [await _crowd(served, namespace) for _ in range(TIMES)]
                await asyncio.sleep(1)
            await deploy("uninstall", namespace)
        finally:
            await kubectl("delete", "namespace", namespace, "--ignore-not-found", "--wait=false")
    return Deployed(waits, max(memory) / MEBIBYTE)


async def _crowd(served: gitlab.Gitlab, namespace: str) -> float:
    audit = Audit(audit_log())
    jobs = [served.enqueue(quick(number)) for number in range(CROWD)]
    await finished(jobs, 120)
    waits = await pods_made(audit, namespace, jobs)
    return waits[round(0.95 * CROWD) - 1]
