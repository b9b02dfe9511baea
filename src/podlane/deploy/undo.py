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
    is not touched. `version`: the object's, once it was applied."""

    manifest: Manifest
    before: Manifest | None
    left_alone: str = ""
    version: str = ""

    @property
    def has_changed(self) -> bool:
        return self.before is None or _version(self.before) != self.version


async def undo(api: KubeApi, steps: list[Step], tell: Callable[[str], None]) -> None:
    """The last first. What cannot be taken back is said, and the rest goes on."""
    for step in reversed(steps):
        if not step.has_changed:  # others may have written it since: Leases are
            continue
        try:
            if step.before is None:
                await remove(api, step.manifest)
                tell(f"  {shown(step.manifest)}: taken away again")
            elif await _put_back(api, step, step.before):
                tell(f"  {shown(step.manifest)}: as it was before")
            else:
                tell(f"  {shown(step.manifest)}: stays, the manager has written a new token there")
        except ServiceError as error:
            tell(f"  {shown(step.manifest)}: stays as it is now: {error.message}")


def _version(manifest: Manifest) -> str:
    return str(manifest["metadata"]["resourceVersion"])


async def _put_back(api: KubeApi, step: Step, before: Manifest) -> bool:
    """False for a Secret that somebody has written since: a token that was exchanged is dead."""
    meta = {key: value for key, value in before["metadata"].items() if key not in _OF_THE_SERVER}
    whole = {key: value for key, value in before.items() if key != "status"} | {"metadata": meta}
    for left in range(_TRIES, 0, -1):
        now = await find(api, before)
        if now and before["kind"] == "Secret" and _version(now) != step.version:
            return False
        version = {"resourceVersion": _version(now)} if now else {}
        try:
            await put(api, whole | {"metadata": meta | version})
        except ServiceError as error:
            if error.status != 409 or left == 1:
                raise
        else:
            return True
    return True
