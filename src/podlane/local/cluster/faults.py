"""What goes wrong, as data: tests add faults, the API and the sandboxes ask for them.

A pod's fault is matched by the pod's name and labels and, where one container is meant, by the
container's name and image; patterns are shell patterns. A fault holds until it is removed, its
`times` are used up, or `release` lets a pod go.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from fnmatch import fnmatchcase
from typing import Literal, TypeVar

from msgspec import Struct, field

from podlane.local.cluster.kinds import Object


class PodFault(Struct, frozen=True, kw_only=True, eq=False):
    name: str = "*"
    labels: Mapping[str, str] = field(default_factory=dict)
    container: str = "*"
    image: str = "*"
    times: int = 0
    """How often it strikes; 0 means always."""


class Unschedulable(PodFault, frozen=True, kw_only=True, eq=False):
    message: str = (
        "0/1 nodes are available: 1 Insufficient cpu. no new claims to deallocate, preemption: "
        "0/1 nodes are available: 1 No preemption victims found for incoming pod."
    )


class PullFails(PodFault, frozen=True, kw_only=True, eq=False):
    why: Literal["not-found", "unauthorised", "network", "invalid-name"] = "not-found"
    back_off_after: float = 0.2
    """Seconds from ErrImagePull to ImagePullBackOff; the real kubelet takes ten and more."""
    retry_after: float = 10.0


class SlowPull(PodFault, frozen=True, kw_only=True, eq=False):
    """The pull takes long, and until its end the API is blind and a deletion is not heard."""

    seconds: float


class ForeignImage(PodFault, frozen=True, kw_only=True, eq=False):
    """The image lacks the program that the container names as its command."""


class OutOfMemory(PodFault, frozen=True, kw_only=True, eq=False):
    """The container is killed for memory so many seconds after its start."""

    after: float = 0.0


class DelayedStatus(PodFault, frozen=True, kw_only=True, eq=False):
    """A container's end is seen in the API only so many seconds later."""

    seconds: float


class NodeLost(PodFault, frozen=True, kw_only=True, eq=False):
    """The pod runs on, but nothing of it is reported and no deletion is heard."""


class ApiFault(Struct, frozen=True, kw_only=True, eq=False):
    verb: str = "*"
    """get, list, watch, create, update, patch or delete."""
    resource: str = "*"
    name: str = "*"
    namespace: str = "*"
    """Empty: what is asked of all namespaces at once, or is in none."""
    token: str = "*"
    """Of whoever asks: one client alone is in trouble."""
    times: int = 0


class ApiDown(ApiFault, frozen=True, kw_only=True, eq=False):
    """The API server answers `status`; 0 drops the connection without an answer."""

    status: int = 503
    retry_after: int | None = None


class ApiSlow(ApiFault, frozen=True, kw_only=True, eq=False):
    seconds: float


class NoRight(ApiFault, frozen=True, kw_only=True, eq=False):
    """403 as the API server says it when a Role lacks the verb."""

    user: str = "system:serviceaccount:ci:podlane"


class Refused(ApiFault, frozen=True, kw_only=True, eq=False):
    """Admission refuses; `why` follows `pods "x" is forbidden: `, or is all if `code` is not 403.

    Quota: `exceeded quota: compute, requested: pods=1, used: pods=5, limited: pods=5`.
    """

    verb: str = "create"
    why: str = "exceeded quota: compute, requested: pods=1, used: pods=5, limited: pods=5"
    code: int = 403


P = TypeVar("P", bound=PodFault)
A = TypeVar("A", bound=ApiFault)


class Faults:
    def __init__(self) -> None:
        self._pod: list[PodFault] = []
        self._api: list[ApiFault] = []
        self._used: dict[int, int] = {}
        self._released: list[str] = []
        self._changed = asyncio.Event()

    def add(self, *faults: PodFault | ApiFault) -> None:
        for fault in faults:
            if isinstance(fault, PodFault):
                self._pod.append(fault)
            else:
                self._api.append(fault)
        self._announce()

    def remove(self, fault: PodFault | ApiFault) -> None:
        self._pod = [other for other in self._pod if other is not fault]
        self._api = [other for other in self._api if other is not fault]
        self._announce()

    def clear(self) -> None:
        self._pod.clear()
        self._api.clear()
        self._announce()

    def release(self, pod: str = "*") -> None:
        """Let the pods of this name (a pattern) go on as if no fault were there."""
        self._released.append(pod)
        self._announce()

    async def changed(self, seconds: float) -> None:
        """Wait until any fault was added, removed or released, at most so many seconds."""
        event = self._changed
        try:
            async with asyncio.timeout(seconds):
                await event.wait()
        except TimeoutError:
            return

    def _announce(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()

    def strike(self, kind: type[P], pod: Object, container: Object | None = None) -> P | None:
        """Find the fault of this kind that hits the pod (or its container) and count it."""
        if self._is_released(pod):
            return None
        for fault in self._pod:
            if isinstance(fault, kind) and _hits(fault, pod, container) and self._use(fault):
                return fault
        return None

    def find(self, kind: type[P], pod: Object) -> P | None:
        """As `strike`, for a state that is asked for again and again: nothing is counted."""
        if self._is_released(pod):
            return None
        found = (fault for fault in self._pod if isinstance(fault, kind))
        return next((fault for fault in found if _hits(fault, pod, None)), None)

    def holds(self, fault: PodFault, pod: Object) -> bool:
        """Tell whether a fault that struck the pod is still there for it."""
        return not self._is_released(pod) and any(other is fault for other in self._pod)

    def _is_released(self, pod: Object) -> bool:
        name = pod["metadata"]["name"]
        return any(fnmatchcase(name, pattern) for pattern in self._released)

    def strike_api(self, kind: type[A], *about: str) -> A | None:
        """`about`: verb, resource, name, namespace and token of the request."""
        for fault in self._api:
            wanted = (fault.verb, fault.resource, fault.name, fault.namespace, fault.token)
            if (
                isinstance(fault, kind)
                and all(map(fnmatchcase, about, wanted))
                and self._use(fault)
            ):
                return fault
        return None

    def _use(self, fault: PodFault | ApiFault) -> bool:
        used = self._used.get(id(fault), 0)
        self._used[id(fault)] = used + 1
        return not fault.times or used < fault.times


def _hits(fault: PodFault, pod: Object, container: Object | None) -> bool:
    metadata = pod["metadata"]
    labels = metadata.get("labels") or {}
    if not fnmatchcase(metadata["name"], fault.name):
        return False
    if any(not fnmatchcase(labels.get(key, ""), value) for key, value in fault.labels.items()):
        return False
    if container is None:
        return True
    return fnmatchcase(container["name"], fault.container) and fnmatchcase(
        container["image"], fault.image
    )
