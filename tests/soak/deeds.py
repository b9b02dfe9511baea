"""What a soak does to pods and to the API server, on either cluster."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Any, Protocol

from harness import cluster as real
from harness.cluster import RealCluster
from harness.embedded import EmbeddedCluster
from harness.stage import Stage
from podlane.local.cluster.faults import ApiDown

Manifest = dict[str, Any]


class Deeds(Protocol):
    async def pods(self) -> list[Manifest]:
        """The jobs' pods that run now, by name."""

    async def strike(self, kind: str, pod: Manifest) -> None:
        """`kill-helper`, `delete-pod`, `delete-pod-now` or `evict-pod`."""

    async def take_api_away(self, seconds: float) -> None:
        """The API server is gone for a while."""


def of(stage: Stage) -> Deeds:
    if isinstance(stage, EmbeddedCluster):
        return _OnEmbedded(stage)
    assert isinstance(stage, RealCluster)
    return _OnReal(stage)


def _running(pods: list[Manifest]) -> list[Manifest]:
    found = [pod for pod in pods if pod.get("status", {}).get("phase") == "Running"]
    return sorted(found, key=lambda pod: str(pod["metadata"]["name"]))


class _OnEmbedded:
    def __init__(self, stage: EmbeddedCluster) -> None:
        self._cluster = stage.cluster

    async def pods(self) -> list[Manifest]:
        return _running(self._cluster.objects("pods"))

    async def strike(self, kind: str, pod: Manifest) -> None:
        name = pod["metadata"]["name"]
        match kind:
            case "kill-helper":
                await self._cluster.kill(name, "helper")
            case "evict-pod":
                self._cluster.drain(name)
            case _:
                self._cluster.delete(name, 0 if kind == "delete-pod-now" else None)

    async def take_api_away(self, seconds: float) -> None:
        fault = ApiDown(status=0)
        self._cluster.faults.add(fault)
        await asyncio.sleep(seconds)
        self._cluster.faults.remove(fault)


class _OnReal:
    def __init__(self, stage: RealCluster) -> None:
        self._stage = stage

    async def pods(self) -> list[Manifest]:
        return _running(await self._stage.items("pods"))

    async def strike(self, kind: str, pod: Manifest) -> None:
        with contextlib.suppress(RuntimeError):  # it ended meanwhile
            match kind:
                case "kill-helper":
                    self._stage.kill_in(pod, "helper")
                case "evict-pod":
                    await self._stage.evict(pod)
                case _:
                    now = ("--grace-period=0", "--force") if kind == "delete-pod-now" else ()
                    name = pod["metadata"]["name"]
                    await self._stage.kubectl("delete", "pod", name, "--wait=false", *now)

    async def take_api_away(self, seconds: float) -> None:
        await real.part("stop", "apiserver")
        await asyncio.sleep(seconds)
        await real.part("start", "apiserver")


def job_id(pod: Manifest) -> int:
    return int(pod["metadata"]["labels"]["podlane.dev/job-id"])
