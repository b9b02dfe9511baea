"""The life of one pod: scheduled, its volumes made, its containers run, ended, removed.

One task walks through it; deletions, evictions and deadlines are an `Ending` that the walk meets
where the real kubelet would hear of it (never in the middle of a pull).
"""

from __future__ import annotations

import asyncio
from pathlib import Path

from msgspec import Struct, structs

from podlane.local.cluster import faults, folders, processes, status
from podlane.local.cluster.container import Container, Place
from podlane.local.cluster.events import Recorder
from podlane.local.cluster.expand import decoded
from podlane.local.cluster.kinds import KINDS, POD, Object
from podlane.local.cluster.start import Starter
from podlane.local.cluster.store import Key, Store, key_of, now_text
from podlane.local.cluster.volumes import MountProblem, Volumes

_DEADLINE = "Pod was active on the node longer than the specified deadline"


class Node(Struct, frozen=True):
    """What all sandboxes share."""

    store: Store
    faults: faults.Faults
    events: Recorder
    root: Path
    roots: tuple[Path, ...]
    taken: dict[Path, str]


class Ending(Struct, frozen=True):
    """Why the containers are to be stopped, and how long they have."""

    grace: float
    reason: str = ""
    message: str = ""


class Sandbox:
    def __init__(self, node: Node, pod: Object) -> None:
        self.key: Key = key_of(pod)
        self.uid: str = pod["metadata"]["uid"]
        self._node = node
        self._pod = pod
        self._facts = status.Facts(start_time="")
        self._ending: Ending | None = None
        self._grace = self._kill_at = float("inf")
        self._is_heard = False
        self._changed = asyncio.Event()
        self.is_quiet = False
        folder = node.root / "pods" / self.uid
        self._volumes = Volumes(pod, folder / "volumes", node.roots, node.taken)
        logs = node.root / "logs"
        self.containers: dict[str, Container] = {}
        for group in ("initContainers", "containers"):
            for spec in pod["spec"].get(group) or []:
                later = group == "containers" and bool(pod["spec"].get("initContainers"))
                output = logs / f"{self.key[1]}.{spec['name']}.log"
                place = Place(folder / spec["name"], output, node.roots)
                container = Container(pod, spec, place)
                if later:
                    container.state = status.Waiting("PodInitializing")
                self.containers[spec["name"]] = container
        self._folder = folder

    # What others tell it.

    @property
    def pod(self) -> Object:
        """The object as stored; the last known one once it has been removed."""
        found = self._node.store.find(POD, self.key)
        if found is not None and found["metadata"]["uid"] == self.uid:
            self._pod = found
        return self._pod

    @property
    def is_stopping(self) -> bool:
        return self._ending is not None

    def end(self, ending: Ending) -> None:
        """Stop the containers; a second call can only shorten the time they have."""
        self._grace = min(self._grace, ending.grace)
        if self._is_heard:
            now = asyncio.get_running_loop().time()
            self._kill_at = min(self._kill_at, now + ending.grace)
        if self._ending is None or (ending.reason and not self._ending.reason):
            self._ending = ending
        self.touch()

    def touch(self) -> None:
        """Something changed: look again."""
        self._changed.set()

    def refresh(self) -> None:
        """The pod's metadata changed: write the files that show it."""
        self._volumes.refresh(self.pod, self.read)

    def read(self, plural: str, name: str) -> dict[str, bytes] | None:
        item = self._node.store.find(KINDS[plural], (self.key[0], name))
        return None if item is None else decoded(item)

    def enter(self, container: Object) -> None:
        self._volumes.enter(container)

    # The walk.

    async def run(self) -> None:
        try:
            if await self._scheduled():
                self._facts = structs.replace(self._facts, start_time=now_text())
                self.publish()
                async with asyncio.TaskGroup() as group:
                    deadline = group.create_task(self._deadline())
                    await self._live(group)
                    deadline.cancel()
            await self._removed()
        finally:
            await self._clean()

    async def _scheduled(self) -> bool:
        node = self._node
        fault = node.faults.strike(faults.Unschedulable, self.pod)
        while fault is not None and node.faults.holds(fault, self.pod):
            self._write(status.unschedulable(self.pod["status"], fault.message))
            node.events.record(self.pod, "FailedScheduling", fault.message, kind="Warning")
            await self.wait(0.2)
            if self.is_stopping:
                return False
        if self.is_stopping:
            return False
        spec = self.pod["spec"] | {"nodeName": status.NODE}
        written = status.scheduled(self.pod["status"])
        node.store.replace(POD, self.pod | {"spec": spec, "status": written})
        where = f"{self.key[0]}/{self.key[1]}"
        node.events.record(self.pod, "Scheduled", f"Successfully assigned {where} to {status.NODE}")
        return True

    async def _live(self, group: asyncio.TaskGroup) -> None:
        if await self._mounted():
            starter = Starter(self._node.faults, self._node.events, self, group)
            goes_on = await starter.start_all()
            self._facts = structs.replace(self._facts, has_sandbox=True)
            self.publish()
            while goes_on and not self.is_stopping and not self._all_ended():
                await self.wait(None)
            await self._stop()
            starter.cancel()
        if self._ending is not None and not self._ending.reason:
            self._lose_waiting()
        self.publish()
        self._over()

    async def _mounted(self) -> bool:
        delay = 0.1
        while not self.is_stopping:
            try:
                self._volumes.prepare(self.pod, self.read)
            except MountProblem as problem:
                self._node.events.record(self.pod, "FailedMount", str(problem), kind="Warning")
                await self.wait(delay)
                delay = min(delay * 2, 2.0)
            else:
                return True
        return False

    def _all_ended(self) -> bool:
        current = [self.containers[spec["name"]] for spec in self.pod["spec"]["containers"]]
        return all(isinstance(item.state, status.Terminated) for item in current)

    async def _stop(self) -> None:
        """TERM to all at once, KILL to whole families when the grace is over."""
        running = [item for item in self.containers.values() if item.has_process]
        if self.is_stopping and running:
            message = "Stopping container " + running[0].name
            self._node.events.record(self.pod, "Killing", message, container=running[0].name)
        # The grace begins where the kubelet hears of the end, which may be after a long pull.
        loop = asyncio.get_running_loop()
        usual: float = self.pod["spec"]["terminationGracePeriodSeconds"]
        grace = self._grace if self.is_stopping else usual
        self._is_heard, self._kill_at = True, loop.time() + grace
        if grace > 0:
            for item in running:
                item.terminate()
        while any(item.has_process for item in running) and loop.time() < self._kill_at:
            await self.wait(self._kill_at - loop.time())
        await asyncio.gather(*(item.kill() for item in running))
        while any(item.is_running and item.pid for item in running):
            await self.wait(None)
        for item in self.containers.values():
            item.end_without_process(137 if self.is_stopping else 0)

    def _lose_waiting(self) -> None:
        for item in self.containers.values():
            if isinstance(item.state, status.Waiting):
                item.state = status.lost_container()

    def _over(self) -> None:
        """All processes are gone: the phase becomes final."""
        ending = self._ending or Ending(0)
        self._facts = structs.replace(
            self._facts, is_over=True, reason=ending.reason, message=ending.message
        )
        self.publish()

    async def _deadline(self) -> None:
        seconds = self.pod["spec"].get("activeDeadlineSeconds")
        if seconds is not None:
            await asyncio.sleep(seconds)
            grace = self.pod["spec"]["terminationGracePeriodSeconds"]
            self.end(Ending(grace, "DeadlineExceeded", _DEADLINE))

    async def _removed(self) -> None:
        """Wait for the deletion; then the object goes for good."""
        store = self._node.store
        while True:
            found = store.find(POD, self.key)
            if found is None or found["metadata"]["uid"] != self.uid:
                return
            if "deletionTimestamp" in found["metadata"] and not self.is_lost():
                break
            await self.wait(None)
        metadata = found["metadata"] | {"deletionGracePeriodSeconds": 0}
        self._volumes.remove()
        store.remove(POD, store.replace(POD, found | {"metadata": metadata}))

    async def _clean(self) -> None:
        leaders: dict[int, int] = {}
        for item in self.containers.values():
            leaders |= item.leaders if item.has_process else {}
        await processes.kill_all(leaders, self.key[1])
        self._volumes.remove()
        for item in self.containers.values():
            await item.tidy()
        folders.remove_tree(self._folder)

    # Status.

    def is_lost(self) -> bool:
        return self._node.faults.find(faults.NodeLost, self.pod) is not None

    def publish(self) -> None:
        """Write the status, unless a pull keeps the kubelet busy or the node is lost."""
        if self.is_quiet or self.is_lost() or not self._facts.start_time:
            return
        states = {item.name: item.state for item in self.containers.values()}
        self._write(status.compose(self.pod, self._facts, states))

    def disrupt(self, reason: str, message: str) -> None:
        self._write(status.disrupted(self.pod["status"], reason, message))

    def _write(self, written: Object) -> None:
        found = self._node.store.find(POD, self.key)
        if found is not None and found["metadata"]["uid"] == self.uid:
            self._node.store.replace(POD, found | {"status": written})

    async def wait(self, seconds: float | None) -> None:
        self._changed.clear()
        try:
            async with asyncio.timeout(seconds):
                await self._changed.wait()
        except TimeoutError:
            return
