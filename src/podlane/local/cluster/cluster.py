"""The embedded cluster: one object to start, to look into, to trouble, and to stop.

Everything runs in one event loop; the API is served on a loopback port that the system chooses.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
import shutil
from collections import deque
from collections.abc import Callable, Sequence
from pathlib import Path

from aiohttp import web

from podlane.local.cluster import failure, volumes
from podlane.local.cluster.app import App, Seen
from podlane.local.cluster.events import Recorder
from podlane.local.cluster.faults import Faults
from podlane.local.cluster.kinds import POD, Kind, Object, kind_named
from podlane.local.cluster.kubelet import Kubelet
from podlane.local.cluster.namespaces import NamespaceController, make_first
from podlane.local.cluster.owners import GarbageCollector
from podlane.local.cluster.sandbox import Ending, Node
from podlane.local.cluster.store import Store, key_of

_log = logging.getLogger(__name__)
_HOST = "127.0.0.1"
_LOW_ON_MEMORY = "The node was low on resource: memory. Threshold quantity: 100Mi, available: 0."


class Cluster:
    """`root` is the cluster's own folder; pods may use it and the `allowed` ones, no others."""

    def __init__(
        self, root: Path, allowed: Sequence[Path] = (), *, history_limit: int = 1000
    ) -> None:
        self.root = root
        self.token = secrets.token_urlsafe(24)
        self.faults = Faults()
        self.refuses: Callable[[Object], str] = lambda _: ""
        """Why a pod may not be, as a policy of the cluster has it; "" when it may."""
        self.store = Store(history_limit=history_limit)
        make_first(self.store)
        self.port = 0
        self._roots = (root, *allowed)
        self._app = App(self.store, self.faults, self.token, self._admit, root / "logs")
        self._runner: web.AppRunner | None = None
        self._main: asyncio.Task[None] | None = None
        self._stopping = asyncio.Event()
        self._kubelet: Kubelet | None = None

    @property
    def url(self) -> str:
        return f"http://{_HOST}:{self.port}"

    @property
    def requests(self) -> deque[Seen]:
        """The last requests, oldest first."""
        return self._app.requests

    @property
    def bookmark_seconds(self) -> float:
        return self._app.watching.bookmark_seconds

    @bookmark_seconds.setter
    def bookmark_seconds(self, seconds: float) -> None:
        self._app.watching.bookmark_seconds = seconds

    def objects(self, kind: str) -> list[Object]:
        """All objects of a kind, named `pods` or `Pod`."""
        return self.store.items(kind_named(kind))

    def log(self, pod: str, container: str) -> bytes:
        """What a container has printed so far; kept until the cluster stops."""
        path = self.root / "logs" / f"{pod}.{container}.log"
        return path.read_bytes() if path.exists() else b""

    async def start(self) -> None:
        self.root.mkdir(parents=True, exist_ok=True)
        (self.root / "logs").mkdir(mode=0o700, exist_ok=True)
        (self.root / "pods").mkdir(mode=0o700, exist_ok=True)
        started = asyncio.Event()
        # start() and stop() are two calls, so the group that hears failures needs a task around it.
        loop = asyncio.get_running_loop()
        self._main = loop.create_task(self._serve(started), name="embedded cluster")
        self._main.add_done_callback(lambda _: started.set())
        await started.wait()
        if self._main.done():
            self._main.result()

    async def stop(self) -> None:
        """End every process, remove every folder of a pod, close the port; raise what failed."""
        self._stopping.set()
        if self._main is not None:
            await self._main

    async def _serve(self, started: asyncio.Event) -> None:
        runner = web.AppRunner(self._app.build(), access_log=None, shutdown_timeout=0.5)
        self._runner = runner
        try:
            async with asyncio.TaskGroup() as group:
                node = Node(
                    self.store,
                    self.faults,
                    Recorder(self.store),
                    self.root,
                    self._roots,
                    {},
                )
                collector = GarbageCollector(self.store, self._collect)
                controller = NamespaceController(self.store, self._collect)
                self._kubelet = Kubelet(node, group)
                await runner.setup()
                await self._listen()
                started.set()
                await self._stopping.wait()
                collector.stop()
                controller.stop()
                self._app.watching.break_all()
                await runner.cleanup()
                await self._kubelet.stop()
        except Exception:
            _log.exception("the embedded cluster failed")
            raise
        finally:
            await runner.cleanup()
            for name in ("logs", "pods"):
                shutil.rmtree(self.root / name, ignore_errors=True)

    async def _listen(self) -> None:
        if self._runner is None:
            return
        site = web.TCPSite(self._runner, _HOST, self.port, reuse_address=True)
        await site.start()
        self.port = self._runner.addresses[0][1]

    def _admit(self, pod: Object) -> None:
        volumes.check_paths(pod, self._roots)
        if why := self.refuses(pod):
            raise failure.forbidden(POD, pod["metadata"]["name"], why)

    def _collect(self, kind: Kind, item: Object) -> None:
        self._app.resources.delete(kind, key_of(item), {})

    # What tests do to it.

    def release(self, pod: str = "*") -> None:
        """Let the pods of this name (a pattern) go on as if no fault were there."""
        self.faults.release(pod)
        self._node_came_back()

    def _node_came_back(self) -> None:
        if self._kubelet is not None:
            self._kubelet.node_came_back()

    def evict(self, pod: str, message: str = _LOW_ON_MEMORY) -> None:
        """As the kubelet evicts: killed at once, the object stays, phase Failed."""
        sandbox = self._sandbox_owner().sandbox(pod)
        sandbox.disrupt("TerminationByKubelet", message)
        sandbox.end(Ending(0, "Evicted", message))

    def drain(self, pod: str, reason: str = "EvictionByEvictionAPI") -> None:
        """As a drain, a preemption or a taint: a condition, then a deletion with its grace."""
        sandbox = self._sandbox_owner().sandbox(pod)
        sandbox.disrupt(reason, "Eviction API: evicting")
        self.delete(pod)

    def also_takes(self, token: str) -> str:
        """Let a further bearer token in, with every right; return it."""
        self._app.tokens.add(token)
        return token

    def create(self, manifest: Object, namespace: str = "default") -> None:
        """Make an object, as an administrator would."""
        kind = kind_named(manifest["kind"])
        where = namespace if kind.is_namespaced else ""
        self._app.resources.create(kind, where, manifest, self._admit)

    def delete(self, pod: str, grace_seconds: int | None = None) -> None:
        """Delete a pod from outside."""
        key = self._sandbox_owner().sandbox(pod).key
        options = {} if grace_seconds is None else {"gracePeriodSeconds": grace_seconds}
        self._app.resources.delete(POD, key, options)

    async def run_out_of_memory(self, pod: str, container: str) -> None:
        """Kill a container as the kernel does when its memory is used up."""
        await self.kill(pod, container, "OOMKilled")

    async def kill(self, pod: str, container: str, reason: str = "") -> None:
        """SIGKILL to all processes of a container; `reason` is told instead of Error."""
        await self._sandbox_owner().sandbox(pod).containers[container].kill(reason)

    def break_watches(self) -> None:
        """Close every open watch in its middle."""
        self._app.watching.break_all()

    def forget_history(self) -> None:
        """Every watch from an older version, open ones too, now gets 410."""
        self.store.forget()
        self._app.watching.wake()

    async def refuse_connections(self) -> None:
        """Stop listening and drop all connections, until `accept_connections`."""
        self.break_watches()
        if self._runner is not None:
            for site in tuple(self._runner.sites):
                await site.stop()
            if self._runner.server is not None:
                for connection in self._runner.server.connections:
                    connection.force_close()

    async def accept_connections(self) -> None:
        await self._listen()

    def _sandbox_owner(self) -> Kubelet:
        if self._kubelet is None:
            raise RuntimeError("the cluster has not been started")
        return self._kubelet
