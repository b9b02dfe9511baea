"""Starting a pod's containers: in list order, each after its image has come.

A container that cannot start yet (its image, a missing Secret) waits and is tried again beside
the others, as the kubelet does; a slow pull holds up all.
"""

from __future__ import annotations

import asyncio
from typing import Protocol

from podlane.local.cluster import faults, pull
from podlane.local.cluster.container import Container
from podlane.local.cluster.events import Recorder
from podlane.local.cluster.expand import ConfigProblem
from podlane.local.cluster.kinds import Object
from podlane.local.cluster.status import Running, Terminated, Waiting

_CONFIG_RETRY_SECONDS = 1.0


class Owner(Protocol):
    """The sandbox, as far as starting needs it."""

    containers: dict[str, Container]
    is_quiet: bool
    """Nothing is told of the pod: the kubelet is busy with a pull."""

    @property
    def pod(self) -> Object: ...
    @property
    def is_stopping(self) -> bool: ...
    def read(self, plural: str, name: str) -> dict[str, bytes] | None: ...
    def enter(self, container: Object) -> None: ...
    def publish(self) -> None: ...
    def touch(self) -> None: ...
    async def wait(self, seconds: float | None) -> None: ...


class Starter:
    def __init__(
        self, given: faults.Faults, events: Recorder, owner: Owner, group: asyncio.TaskGroup
    ) -> None:
        self._faults = given
        self._events = events
        self._owner = owner
        self._group = group
        self._tasks: list[asyncio.Task[None]] = []

    async def start_all(self) -> bool:
        """Return when every container was tried once; those that wait go on beside.

        False: an init container has failed, and nothing else will be started.
        """
        for spec in self._owner.pod["spec"].get("initContainers") or []:
            container = self._owner.containers[spec["name"]]
            await self._begin(container)
            if not _is_sidecar(spec) and not await self._initialized(container):
                return False
        for spec in self._owner.pod["spec"]["containers"]:
            await self._begin(self._owner.containers[spec["name"]])
        return True

    async def _initialized(self, container: Container) -> bool:
        """Wait for an init container's end; tell whether it ended well."""
        while not container.over.is_set() and not self._owner.is_stopping:
            await self._owner.wait(None)
        return isinstance(container.state, Terminated) and not container.state.exit_code

    def cancel(self) -> None:
        for task in self._tasks:
            task.cancel()

    async def _begin(self, container: Container) -> None:
        """Try to start it; while its image comes, nothing of the pod is told."""
        tried = asyncio.Event()
        self._owner.is_quiet = True
        self._tasks.append(self._group.create_task(self._run(container, tried)))
        await tried.wait()
        self._owner.is_quiet = False
        if container.spec in (self._owner.pod["spec"].get("initContainers") or []):
            self._owner.publish()

    async def _run(self, container: Container, tried: asyncio.Event) -> None:
        try:
            while isinstance(container.state, Waiting) and not self._owner.is_stopping:
                retry = await self._try(container)
                self._owner.publish()
                tried.set()
                if retry:
                    await self._faults.changed(retry)
        finally:
            tried.set()
        await self._follow(container)

    async def _try(self, container: Container) -> float:
        """Try once; return 0 when started (or ended), else the seconds until the next try."""
        retry = await self._pull(container)
        if retry:
            return retry
        self._owner.enter(container.spec)
        is_foreign = self._faults.strike(faults.ForeignImage, self._owner.pod, container.spec)
        try:
            if is_foreign:
                container.lack_program()
            else:
                container.start(self._owner.pod, self._owner.read)
        except ConfigProblem as problem:
            container.state = Waiting("CreateContainerConfigError", str(problem))
            self._say(container, "Failed", f"Error: {problem}", is_warning=True)
            return _CONFIG_RETRY_SECONDS
        if isinstance(container.state, Running):
            self._say(container, "Started", f"Started container {container.name}")
        elif isinstance(container.state, Terminated):
            self._say(container, "Failed", f"Error: {container.state.message}", is_warning=True)
        return 0

    async def _pull(self, container: Container) -> float:
        pod, image = self._owner.pod, container.spec["image"]
        slow = self._faults.strike(faults.SlowPull, pod, container.spec)
        if slow is not None:
            self._say(container, "Pulling", f'Pulling image "{image}"')
            await asyncio.sleep(slow.seconds)
        fault = self._faults.strike(faults.PullFails, pod, container.spec)
        if not pull.is_valid(image) or (fault is not None and fault.why == "invalid-name"):
            message = pull.invalid_name(image)
            container.state = Waiting("InvalidImageName", message)
            self._say(container, "InspectFailed", message, is_warning=True)
            self._say(container, "Failed", "Error: InvalidImageName", is_warning=True)
            return 10.0 if fault is None else fault.retry_after
        if fault is None:
            present = f'Container image "{image}" already present on machine'
            self._say(container, "Pulled", present)
            return 0
        self._group.create_task(self._back_off(container, fault))
        message = pull.trouble(image, fault)
        container.state = Waiting("ErrImagePull", message)
        self._say(container, "Pulling", f'Pulling image "{image}"')
        self._say(
            container, "Failed", f'Failed to pull image "{image}": {message}', is_warning=True
        )
        self._say(container, "Failed", "Error: ErrImagePull", is_warning=True)
        return fault.retry_after

    async def _back_off(self, container: Container, fault: faults.PullFails) -> None:
        await asyncio.sleep(fault.back_off_after)
        state = container.state
        if isinstance(state, Waiting) and state.reason == "ErrImagePull":
            head = f'Back-off pulling image "{container.spec["image"]}"'
            container.state = Waiting("ImagePullBackOff", f"{head}: ErrImagePull: {state.message}")
            self._say(container, "BackOff", head)
            self._owner.publish()

    async def _follow(self, container: Container) -> None:
        """Watch a started container to its end."""
        pod, spec = self._owner.pod, container.spec
        memory = self._faults.strike(faults.OutOfMemory, pod, spec)
        late = self._faults.strike(faults.DelayedStatus, pod, spec)
        async with asyncio.TaskGroup() as group:
            if memory is not None and container.is_running:
                group.create_task(_run_out_of_memory(container, memory.after))
            await container.ended(delay=late.seconds if late is not None else 0.0)
        container.over.set()
        self._owner.publish()
        self._owner.touch()

    def _say(
        self, container: Container, reason: str, message: str, *, is_warning: bool = False
    ) -> None:
        kind = "Warning" if is_warning else "Normal"
        pod = self._owner.pod
        if kind == "Warning":
            self._events.record(pod, reason, message, container=container.name, kind="Warning")
        else:
            self._events.record(pod, reason, message, container=container.name)


async def _run_out_of_memory(container: Container, after: float) -> None:
    await asyncio.sleep(after)
    await container.kill("OOMKilled")


def _is_sidecar(spec: Object) -> bool:
    return spec.get("restartPolicy") == "Always"
