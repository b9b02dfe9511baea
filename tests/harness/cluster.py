"""The real cluster as a stage: a namespace per test, seen through kubectl, not our client."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import subprocess
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from harness import wait
from harness.stage import Pods

BRIDGE = "10.244.0.1"  # where pods reach this machine
LABEL = "app.kubernetes.io/managed-by=podlane,podlane.dev/installation="
NOT_A_NOTE = ",!podlane.dev/went-to"
KINDS = (
    "pods,secrets,configmaps,services,serviceaccounts,persistentvolumeclaims,poddisruptionbudgets"
)
IMAGE = os.environ.get("PODLANE_IMAGE", "podlane:dev")
UP = Path(__file__).parents[1] / "cluster/kubernetes/up"


@dataclass
class RealCluster:
    namespace: str
    folder: Path
    repository: Path
    others: list[str] = field(default_factory=list)
    name: str = "cluster"
    host: str = BRIDGE
    builds: str = "/builds"
    helper: str = IMAGE
    python: str = "/usr/bin/python3"

    @property
    def home(self) -> str:
        return self.namespace

    @property
    def label(self) -> str:
        """What selects the objects of this test's podlane, in whatever namespace they are."""
        return LABEL + self.namespace

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
        return {
            "KUBECONFIG": str(kubeconfig()),
            "PODLANE_INSTALLATION": self.namespace,
            "PODLANE_IMAGE": self.helper,
        }

    async def kubectl(self, *words: str, typed: str = "") -> str:
        return await kubectl("-n", self.namespace, *words, typed=typed)

    async def items(self, kind: str) -> list[dict[str, Any]]:
        found = json.loads(await kubectl("get", kind, "-A", "-l", self.label, "-o", "json"))
        return list(found["items"])

    async def objects(self) -> list[str]:
        label = self.label + NOT_A_NOTE
        found = await kubectl("get", KINDS, "-A", "-l", label, "-o", "name")
        split = (line.partition("/") for line in found.split())
        return [f"{kind.partition('.')[0]}s/{name}" for kind, _, name in split]

    @asynccontextmanager
    async def watch_pods(self) -> AsyncIterator[Pods]:
        seen: Pods = {}
        async with asyncio.TaskGroup() as group:
            watching = group.create_task(self._watch(seen))
            try:
                yield seen
            finally:
                watching.cancel()

    async def _watch(self, seen: Pods) -> None:
        """Follow the pods; a watch that ends is begun again: the API may go for a while."""
        label = self.label.replace("=", "%3D").replace(",", "%2C")
        path = f"/api/v1/pods?watch=1&labelSelector={label}"
        while True:
            process = await asyncio.create_subprocess_exec(
                str(kubectl_program()),
                "get",
                "--raw",
                path,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                limit=1 << 24,
            )
            assert process.stdout is not None
            try:
                await _read_pods(process.stdout, seen)
            finally:
                if process.returncode is None:
                    process.terminate()
                await process.wait()
            await asyncio.sleep(0.2)

    async def kill(self, container: str) -> None:
        """The node is this machine: its processes are told by their cgroups."""

        async def is_done() -> bool:  # the API shows a container a second late
            return all(self.kill_in(pod, container) for pod in await self.items("pods"))

        await wait.until(f"the container {container} of each pod", is_done, every=0.2)

    def kill_in(self, pod: dict[str, Any], container: str) -> bool:
        """Whether the pod's status tells which processes these are."""
        known = {one["name"]: one for one in pod["status"].get("containerStatuses", ())}
        container_id = str(known.get(container, {}).get("containerID", "")).rpartition("/")[2]
        if container_id:
            _kill_all(container_id)
        return bool(container_id)

    async def out_of_memory(self) -> None:
        """Nothing: a script does it by itself."""

    async def create(self, manifest: dict[str, Any]) -> None:
        await self.kubectl("create", "-f", "-", typed=json.dumps(manifest))

    async def make_namespace(self, name: str) -> None:
        await kubectl("create", "namespace", name)
        self.others.append(name)
        await _until_ready(name)

    async def namespaces(self) -> list[str]:
        found = await kubectl("get", "namespaces", "-l", self.label, "-o", "name")
        return [line.partition("/")[2] for line in found.split()]

    async def enforce(self, level: str) -> None:
        label = f"pod-security.kubernetes.io/enforce={level}"
        await kubectl("label", "namespace", self.namespace, label)

    async def delete_pods(self, *, grace: int | None = None) -> None:
        given = () if grace is None else (f"--grace-period={grace}",)
        force = ("--force",) if grace == 0 else ()
        await kubectl("delete", "pods", "-A", "-l", self.label, "--wait=false", *given, *force)

    async def evict_pods(self) -> None:
        for pod in await self.items("pods"):
            await self.evict(pod)

    async def evict(self, pod: dict[str, Any]) -> None:
        name, namespace = pod["metadata"]["name"], pod["metadata"]["namespace"]
        metadata = {"name": name, "namespace": namespace}
        wish = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": metadata}
        path = f"/api/v1/namespaces/{namespace}/pods/{name}/eviction"
        await self.kubectl("create", "--raw", path, "-f", "-", typed=json.dumps(wish))

    def trouble(self, faults: tuple[dict[str, Any], ...]) -> None:
        """Nothing: here things go wrong by themselves."""

    async def log(self, pod: str, container: str) -> str:
        try:
            return await self.kubectl("logs", pod, "-c", container)
        except RuntimeError:  # the API does not know yet that it runs
            return ""

    async def describe(self) -> str:
        return (await self.kubectl("describe", "pods"))[-8000:] + await self.kubectl(
            "get", "events", "--sort-by=.metadata.creationTimestamp"
        )


def _kill_all(container_id: str) -> None:
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if container_id in (folder / "cgroup").read_text():
                os.kill(int(folder.name), signal.SIGKILL)


def kubeconfig() -> Path:
    return Path(os.environ["KUBECONFIG"])


def audit_log() -> Path:
    return kubeconfig().parent / "log/audit.log"


def kubectl_program() -> Path:
    return kubeconfig().parent / "bin/kubectl"


async def _read_pods(stream: asyncio.StreamReader, seen: Pods) -> None:
    """Read the events of a watch, one a line."""
    async for line in stream:
        pod = json.loads(line)["object"]
        if pod.get("kind") == "Pod":
            seen[pod["metadata"]["name"]] = pod


async def kubectl(*words: str, typed: str = "") -> str:
    return await called(kubectl_program(), *words, typed=typed)


async def called(program: Path, *words: str, typed: str = "") -> str:
    """What a kubectl prints; RuntimeError with what it says is wrong."""
    process = await asyncio.create_subprocess_exec(
        str(program),
        *words,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    out, error = await process.communicate(typed.encode())
    if process.returncode:
        raise RuntimeError(f"kubectl {' '.join(words)}: {error.decode().strip()}")
    return out.decode()


async def part(what: str, name: str) -> None:
    """`stop` or `start` one process of the cluster, `forget` images."""
    process = await asyncio.create_subprocess_exec(str(UP), what, name)
    assert await process.wait() == 0


@asynccontextmanager
async def namespace(name: str, folder: Path, repository: Path) -> AsyncIterator[RealCluster]:
    """A fresh namespace, ready for pods; gone afterwards."""
    await kubectl("create", "namespace", name)
    stage = RealCluster(name, folder, repository)
    try:
        await _until_ready(name)
        yield stage
    finally:
        left = await stage.namespaces()
        await kubectl("delete", "namespace", name, *stage.others, *left, "--wait=false")


async def _until_ready(name: str) -> None:
    async def is_ready() -> bool:
        return bool(await kubectl("-n", name, "get", "serviceaccounts", "-o", "name"))

    await wait.until("the namespace's service account", is_ready, 30)
