"""A plain HTTP client for the cluster, manifests and waits; nothing of podlane's own client."""

from __future__ import annotations

import asyncio
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import aiohttp

from podlane.local.cluster import Cluster

Manifest = dict[str, Any]


class Client:
    """Calls the API as a stranger would: paths, JSON, status codes."""

    def __init__(self, cluster: Cluster, session: aiohttp.ClientSession) -> None:
        self.cluster = cluster
        self.session = session

    async def call(
        self, method: str, path: str, body: Any = None, **headers: str
    ) -> tuple[int, Any]:
        given = {"Authorization": f"Bearer {self.cluster.token}"}
        given |= {name.replace("_", "-"): value for name, value in headers.items()}
        url = self.cluster.url + path
        data = None
        if body is not None:
            data = io.BytesIO(json.dumps(body).encode())
            given.setdefault("Content-Type", "application/json")
        async with self.session.request(method, url, data=data, headers=given) as answer:
            if answer.content_type == "application/json":
                return answer.status, await answer.json()
            return answer.status, await answer.text()

    async def create(self, plural: str, manifest: Manifest) -> Manifest:
        code, item = await self.call("POST", f"/api/v1/namespaces/ci/{plural}", manifest)
        assert code == 201, item
        return dict(item)

    async def pod(self, name: str) -> Manifest:
        code, item = await self.call("GET", f"/api/v1/namespaces/ci/pods/{name}")
        assert code == 200, item
        return dict(item)

    async def until(self, name: str, wanted: Callable[[Manifest], Any], seconds: float = 5) -> Any:
        """Follow the pod until `wanted` says something true of it."""
        pod: Manifest = {}
        try:
            async with asyncio.timeout(seconds):
                while True:
                    pod = await self.pod(name)
                    if found := wanted(pod):
                        return found
                    await asyncio.sleep(0.01)
        except TimeoutError:
            raise AssertionError(f"gave up waiting; the pod is {pod}") from None

    async def code(self, name: str) -> int:
        return (await self.call("GET", f"/api/v1/namespaces/ci/pods/{name}"))[0]

    async def gone(self, name: str, seconds: float = 5) -> None:
        async with asyncio.timeout(seconds):
            while await self.code(name) != 404:  # noqa: ASYNC110 - another side's state
                await asyncio.sleep(0.01)


def manifest(name: str, *containers: Manifest, **spec: Any) -> Manifest:
    """A pod of containers that get a name and an image if they have none."""
    named = [
        {"name": f"c{index}", "image": "busybox:1"} | container
        for index, container in enumerate(containers)
    ]
    base = {"restartPolicy": "Never", "terminationGracePeriodSeconds": 1, "containers": named}
    metadata = {"name": name} | spec.pop("metadata", {})
    return {"kind": "Pod", "apiVersion": "v1", "metadata": metadata, "spec": base | spec}


def shell(script: str, **rest: Any) -> Manifest:
    """A container that runs `script`; its `$` are doubled, so that they reach the shell."""
    return {"command": ["sh", "-c", script.replace("$", "$$")]} | rest


def state(pod: Manifest, index: int = 0) -> Manifest:
    """The state of one container; empty while there is none."""
    statuses = pod["status"].get("containerStatuses")
    return dict(statuses[index]["state"]) if statuses else {}


def terminated(pod: Manifest, index: int = 0) -> Manifest:
    return dict(state(pod, index).get("terminated", {}))


def phase_is(*phases: str) -> Callable[[Manifest], bool]:
    return lambda pod: pod["status"]["phase"] in phases


def condition(pod: Manifest, kind: str) -> Manifest:
    found = [item for item in pod["status"].get("conditions", ()) if item["type"] == kind]
    return dict(found[0]) if found else {}


async def until_file(path: Path, seconds: float = 5) -> str:
    """Wait until a process has written the file, and return its text."""
    async with asyncio.timeout(seconds):
        while not path.exists() or not path.read_text():  # noqa: ASYNC110
            await asyncio.sleep(0.005)
    return path.read_text()


def is_alive(pid: int) -> bool:
    """A zombie is not alive."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False
    return text.rpartition(") ")[2][0] not in "ZX"


async def until_dead(pid: int, seconds: float = 5) -> None:
    async with asyncio.timeout(seconds):
        while is_alive(pid):  # noqa: ASYNC110
            await asyncio.sleep(0.005)
