"""The real cluster as a stage: a namespace per test, seen through kubectl, not our client."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness import wait

BRIDGE = "10.244.0.1"  # where pods reach this machine
LABEL = "app.kubernetes.io/managed-by=podlane"
KINDS = "pods,secrets,configmaps,services,serviceaccounts,persistentvolumeclaims"
IMAGE = os.environ.get("PODLANE_IMAGE", "podlane:dev")
UP = Path(__file__).parents[1] / "cluster/kubernetes/up"


@dataclass
class RealCluster:
    namespace: str
    folder: Path
    repository: Path
    name: str = "cluster"
    host: str = BRIDGE

    def runner(self) -> dict[str, Any]:
        kubernetes = {
            "namespace": self.namespace,
            "helper_image": IMAGE,
            "pull_policy": ["if-not-present"],
            "image": "busybox:1",
            "pod_termination_grace_period_seconds": 5,
        }
        return {"kubernetes": kubernetes}

    def environ(self) -> Mapping[str, str]:
        return {"KUBECONFIG": str(kubeconfig()), "PODLANE_INSTALLATION": self.namespace}

    async def kubectl(self, *words: str) -> str:
        return await kubectl("-n", self.namespace, *words)

    async def items(self, kind: str) -> list[dict[str, Any]]:
        found = json.loads(await self.kubectl("get", kind, "-l", LABEL, "-o", "json"))
        return list(found["items"])

    async def objects(self) -> list[str]:
        found = await self.kubectl("get", KINDS, "-l", LABEL, "-o", "name")
        return found.split()

    async def delete_pods(self) -> None:
        await self.kubectl("delete", "pods", "-l", LABEL, "--wait=false")

    async def describe(self) -> str:
        return (await self.kubectl("describe", "pods"))[-8000:] + await self.kubectl(
            "get", "events", "--sort-by=.metadata.creationTimestamp"
        )


def kubeconfig() -> Path:
    return Path(os.environ["KUBECONFIG"])


def audit_log() -> Path:
    return kubeconfig().parent / "log/audit.log"


async def kubectl(*words: str) -> str:
    program = kubeconfig().parent / "bin/kubectl"
    process = await asyncio.create_subprocess_exec(
        str(program), *words, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    out, error = await process.communicate()
    if process.returncode:
        raise RuntimeError(f"kubectl {' '.join(words)}: {error.decode().strip()}")
    return out.decode()


async def part(what: str, name: str) -> None:
    """`stop` or `start` one process of the cluster."""
    process = await asyncio.create_subprocess_exec(str(UP), what, name)
    assert await process.wait() == 0


@asynccontextmanager
async def namespace(name: str, folder: Path, repository: Path) -> AsyncIterator[RealCluster]:
    """A fresh namespace, ready for pods; gone afterwards."""
    await kubectl("create", "namespace", name)
    stage = RealCluster(name, folder, repository)

    async def is_ready() -> bool:
        return bool(await stage.kubectl("get", "serviceaccounts", "-o", "name"))

    try:
        await wait.until("the namespace's service account", is_ready, 30)
        yield stage
    finally:
        await kubectl("delete", "namespace", name, "--wait=false")
