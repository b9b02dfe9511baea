"""The embedded cluster as a stage: pods are processes of this machine, under the test's folder."""

from __future__ import annotations

import json
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.pod_security import violation
from harness.stage import Pods
from podlane.local.cluster import faults as known_faults
from podlane.local.cluster.cluster import Cluster
from podlane.local.cluster.kinds import POD
from podlane.local.cluster.store import Change

LABEL = "app.kubernetes.io/managed-by"


@dataclass
class EmbeddedCluster:
    folder: Path
    repository: Path
    cluster: Cluster
    name: str = "embedded"
    host: str = "127.0.0.1"
    helper: str = "podlane"
    python: str = sys.executable

    @property
    def home(self) -> str:
        return "default"

    @property
    def builds(self) -> str:
        return f"{self.cluster.root}/builds/$CI_JOB_ID"

    def runner(self) -> dict[str, Any]:
        kubernetes = {
            "host": self.cluster.url,
            "bearer_token": self.cluster.token,
            "namespace": "default",
            "image": "local",
            "helper_image": "podlane",
            "pod_termination_grace_period_seconds": 5,
        }
        pods = {"pod_dir": f"{self.cluster.root}/pods/$CI_JOB_ID", "scope": "session"}
        return {
            "builds_dir": self.builds,
            "cache_dir": f"{self.cluster.root}/cache/$CI_JOB_ID",
            "kubernetes": kubernetes,
            "podlane": pods,
        }

    def environ(self) -> Mapping[str, str]:
        return {"PODLANE_INSTALLATION": "embedded", "PODLANE_IMAGE": self.helper}

    async def objects(self) -> list[str]:
        return [
            f"{kind}/{item['metadata']['name']}"
            for kind in ("pods", "secrets", "poddisruptionbudgets")
            for item in self.cluster.objects(kind)
            if _is_ours(item)
        ]

    @asynccontextmanager
    async def watch_pods(self) -> AsyncIterator[Pods]:
        seen: Pods = {}

        def hear(change: Change) -> None:
            if change.kind is POD:
                seen[change.object["metadata"]["name"]] = change.object

        self.cluster.store.listen(hear)
        try:
            yield seen
        finally:
            self.cluster.store.stop_listening(hear)

    async def create(self, manifest: dict[str, Any]) -> None:
        self.cluster.create(manifest)

    async def make_namespace(self, name: str) -> None:
        self.cluster.create({"kind": "Namespace", "metadata": {"name": name}})

    async def namespaces(self) -> list[str]:
        found = self.cluster.objects("namespaces")
        return [one["metadata"]["name"] for one in found if _is_ours(one)]

    async def enforce(self, level: str) -> None:
        self.cluster.refuses = lambda pod: violation(pod, level)

    async def delete_pods(self, *, grace: int | None = None) -> None:
        for pod in self.cluster.objects("pods"):
            self.cluster.delete(pod["metadata"]["name"], grace)

    async def evict_pods(self) -> None:
        for pod in self.cluster.objects("pods"):
            self.cluster.drain(pod["metadata"]["name"])

    async def kill(self, container: str) -> None:
        for pod in self.cluster.objects("pods"):
            await self.cluster.kill(pod["metadata"]["name"], container)

    async def out_of_memory(self) -> None:
        for pod in self.cluster.objects("pods"):
            await self.cluster.run_out_of_memory(pod["metadata"]["name"], "build")

    def trouble(self, faults: tuple[dict[str, Any], ...]) -> None:
        for fault in faults:
            given = {key: value for key, value in fault.items() if key != "fault"}
            self.cluster.faults.add(getattr(known_faults, fault["fault"])(**given))

    async def log(self, pod: str, container: str) -> str:
        return self.cluster.log(pod, container).decode(errors="replace")

    async def describe(self) -> str:
        pods = self.cluster.objects("pods")
        seen = json.dumps([pod.get("status", {}) for pod in pods], indent=1, default=str)
        logs = [self.cluster.log(pod["metadata"]["name"], "helper") for pod in pods]
        return seen[-6000:] + b"\n".join(logs).decode(errors="replace")[-4000:]


def _is_ours(item: dict[str, Any]) -> bool:
    labels = item["metadata"].get("labels") or {}
    return bool(labels.get(LABEL) == "podlane" and "podlane.dev/went-to" not in labels)


@asynccontextmanager
async def serve(folder: Path, repository: Path) -> AsyncIterator[EmbeddedCluster]:
    cluster = Cluster(folder / "cluster")
    await cluster.start()
    try:
        yield EmbeddedCluster(folder, repository, cluster)
    finally:
        await cluster.stop()
