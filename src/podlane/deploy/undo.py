"""Takes back what an apply has done so far: nothing half-written stays."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from podlane.clients.kube.api import KubeApi
from podlane.clients.kube.objects import find, put
from podlane.core.deploy.wish import Manifest
from podlane.deploy.standing import remove, shown
from podlane.errors import ServiceError

_OF_THE_SERVER = ("resourceVersion", "uid", "managedFields", "generation", "creationTimestamp")
_TRIES = 5


class Step(msgspec.Struct, frozen=True):
    """One object of an apply. `before`: what was in its place; None: nothing. `left_alone`: why it
    is not touched."""

    manifest: Manifest
    before: Manifest | None
    left_alone: str = ""


async def undo(api: KubeApi, steps: list[Step], tell: Callable[[str], None]) -> None:
    """The last first. What cannot be taken back is said, and the rest goes on."""
    for step in reversed(steps):
        try:
            if step.before is None:
                await remove(api, step.manifest)
                tell(f"  {shown(step.manifest)}: taken away again")
            else:
                await _put_back(api, step.before)
                tell(f"  {shown(step.manifest)}: as it was before")
        except ServiceError as error:
            tell(f"  {shown(step.manifest)}: stays as it is now: {error.message}")


async def _put_back(api: KubeApi, before: Manifest) -> None:
    meta = {key: value for key, value in before["metadata"].items() if key not in _OF_THE_SERVER}
    whole = {key: value for key, value in before.items() if key != "status"} | {"metadata": meta}
    for left in range(_TRIES, 0, -1):
        now = await find(api, before)
        version = {"resourceVersion": now["metadata"]["resourceVersion"]} if now else {}
        try:
            await put(api, whole | {"metadata": meta | version})
        except ServiceError as error:
            if error.status != 409 or left == 1:
                raise
        else:
            return
