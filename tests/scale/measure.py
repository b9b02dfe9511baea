"""A manager with many jobs that all run: how it launches them, what they cost while they run, how
long it needs to know them all after a restart, and how they end."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import msgspec
from prometheus_client.parser import text_string_to_metric_families

from bench.process import anonymous_mib, exact_cpu_seconds, peak_resident_mib
from harness import wait
from harness.manager import Manager
from podlane.clients.kube.access import load_access
from podlane.clients.kube.api import KubeApi
from podlane.core.config.kubernetes import KubernetesConfig
from podlane.core.job.outcome import SUCCESS
from podlane.core.job.word import LastWord, encode_word
from podlane.local.coordinator import Coordinator
from scale.cluster import FakeNodes
from stores.process import free_port

_QUIET_SECONDS = 30.0
_HOST = "127.0.0.1"
_LIMIT_SECONDS = 1200.0


class Figures(msgspec.Struct):
    """CPU in seconds of the manager, requests to the Kubernetes API, memory in MiB (anonymous)."""

    jobs: int
    launch_seconds: float = 0.0
    launch_cpu: float = 0.0
    launch_requests: float = 0.0
    quiet_cpu: float = 0.0  # a second
    quiet_requests: float = 0.0  # a second
    memory: float = 0.0
    adopt_seconds: float = 0.0
    adopt_cpu: float = 0.0
    adopt_memory: float = 0.0
    adopt_peak: float = 0.0  # resident
    end_seconds: float = 0.0
    end_cpu: float = 0.0
    end_requests: float = 0.0


class Scene:
    def __init__(self, nodes: FakeNodes, coordinator: Coordinator, jobs: int) -> None:
        self.nodes, self.coordinator, self.jobs = nodes, coordinator, jobs
        port = free_port(_HOST)
        self.address = f"{_HOST}:{port}"
        token = coordinator.register_runner().token
        runner = {
            "name": "scale",
            "executor": "kubernetes",
            "url": coordinator.url,
            "token": token,
            "request_concurrency": 10,
            "kubernetes": {"namespace": "ci", "image": "busybox:1", "helper_image": "podlane:1"},
            "podlane": {"pending_limit": 0},
        }
        config = {
            "concurrent": jobs,
            "check_interval": 1,
            "listen_address": self.address,
            "runners": [runner],
        }
        environ = {"KUBECONFIG": str(nodes.kubeconfig), "PODLANE_INSTALLATION": "scale"}
        self.manager = Manager(nodes.folder / f"manager-{jobs}", config, environ)

    async def metrics(self) -> dict[str, float]:
        """The sum of each metric's samples; `jobs:running` those of running jobs."""
        found: dict[str, float] = {}
        for family in text_string_to_metric_families(await _get(self.address, "/metrics")):
            for sample in family.samples:
                name = sample.name
                if name == "gitlab_runner_jobs":
                    name = f"jobs:{sample.labels['state']}"
                found[name] = found.get(name, 0) + sample.value
        return found

    async def requests(self) -> float:
        return (await self.metrics()).get("podlane_kubernetes_requests_total", 0)

    async def running(self) -> int:
        try:
            return int((await self.metrics()).get("jobs:running", 0))
        except OSError:
            return -1

    async def all_run(self) -> bool:
        return await self.running() >= self.jobs

    def cpu(self) -> float:
        return exact_cpu_seconds(self.manager.pid)


async def measure(nodes: FakeNodes, folder: Path, jobs: int) -> Figures:
    async with Coordinator(folder / f"gitlab-{jobs}") as coordinator:
        coordinator.queue.long_poll = 20.0
        scene, figures = Scene(nodes, coordinator, jobs), Figures(jobs)
        await scene.manager.start()
        try:
            await _launch(scene, figures)
            await _quiet(scene, figures)
            await _adopt(scene, figures)
            await _end(scene, figures)
        finally:
            await scene.manager.stop()
        return figures


async def _launch(scene: Scene, figures: Figures) -> None:
    await wait.until("the manager", lambda: "Metrics and health" in scene.manager.log, 30)
    requests, cpu, began = await scene.requests(), scene.cpu(), time.monotonic()
    for _ in range(scene.jobs):
        scene.coordinator.enqueue()
    await wait.until("all jobs to run", scene.all_run, _LIMIT_SECONDS, every=1)
    figures.launch_seconds = time.monotonic() - began
    figures.launch_cpu = scene.cpu() - cpu
    figures.launch_requests = await scene.requests() - requests


async def _quiet(scene: Scene, figures: Figures) -> None:
    await asyncio.sleep(10)  # what is told of each job once is told
    requests, cpu = await scene.requests(), scene.cpu()
    await asyncio.sleep(_QUIET_SECONDS)
    figures.quiet_cpu = (scene.cpu() - cpu) / _QUIET_SECONDS
    figures.quiet_requests = (await scene.requests() - requests) / _QUIET_SECONDS
    figures.memory = anonymous_mib(scene.manager.pid)


async def _adopt(scene: Scene, figures: Figures) -> None:
    await scene.manager.kill()
    began = time.monotonic()
    await scene.manager.start()
    await wait.until("all jobs to be known", scene.all_run, 120, every=0.1)
    figures.adopt_seconds = time.monotonic() - began
    await asyncio.sleep(5)
    figures.adopt_cpu = scene.cpu()
    figures.adopt_memory = anonymous_mib(scene.manager.pid)
    figures.adopt_peak = peak_resident_mib(scene.manager.pid)


async def _end(scene: Scene, figures: Figures) -> None:
    """All helpers end, as a kubelet would show it, and the manager removes their jobs."""
    api = KubeApi(
        load_access(KubernetesConfig(), {"KUBECONFIG": str(scene.nodes.kubeconfig)}),
        user_agent="scale",
    )
    names = (await scene.nodes.kubectl("-n", "ci", "get", "pods", "-o", "name")).split()
    requests, cpu, began = await scene.requests(), scene.cpu(), time.monotonic()
    turn = asyncio.Semaphore(16)

    async def finish(name: str) -> None:
        async with turn:
            path = f"/api/v1/namespaces/ci/{name.replace('pod/', 'pods/')}/status"
            await api.patch_object(path, {"status": _ended()})

    async def are_gone() -> bool:
        return not await scene.nodes.kubectl("-n", "ci", "get", "pods,secrets", "-o", "name")

    try:
        await asyncio.gather(*map(finish, names))
        await wait.until("all objects to go", are_gone, _LIMIT_SECONDS, every=2)
    finally:
        await api.close()
    figures.end_seconds = time.monotonic() - began
    figures.end_cpu = scene.cpu() - cpu
    figures.end_requests = await scene.requests() - requests


def _ended() -> dict[str, object]:
    word = encode_word(LastWord("accepted", SUCCESS, sent=1000)).decode()
    ended = {"exitCode": 0, "reason": "Completed", "message": word}
    common = {"ready": False, "restartCount": 0, "image": "x", "imageID": ""}
    return {
        "containerStatuses": [
            common | {"name": "helper", "state": {"terminated": ended}},
            common | {"name": "build", "state": {"running": {}}},
        ]
    }


async def _get(address: str, path: str) -> str:
    host, _, port = address.partition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(f"GET {path} HTTP/1.0\r\nHost: {host}\r\n\r\n".encode())
    answer = await reader.read()
    writer.close()
    return answer.decode().partition("\r\n\r\n")[2]
