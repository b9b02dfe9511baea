"""What the cluster warns of about one pod: its Warning events, for a failure that its status does
not explain (volumes, sandboxes)."""

from __future__ import annotations

from typing import Any

import msgspec

from podlane.clients.kube.kinds import EVENT
from podlane.core.pod.finding import Warned
from podlane.core.pod.state import PodState, parse_time
from podlane.errors import ServiceError
from podlane.manager.site import Site

_MOST = 100


class _Event(msgspec.Struct, frozen=True, rename="camel"):
    reason: str = ""
    message: str = ""
    first_timestamp: str | None = None
    last_timestamp: str | None = None

    @property
    def seconds(self) -> float:
        """For how long it has been said again and again, by the clock of whoever says it."""
        return max(0.0, parse_time(self.last_timestamp) - parse_time(self.first_timestamp))


class _Events(msgspec.Struct, frozen=True):
    items: tuple[_Event, ...] = ()


async def warnings_of(site: Site, pod: PodState) -> tuple[Warned, ...]:
    """The newest first; none when they cannot be had, for the job's end does not wait for them."""
    query: dict[str, Any] = {"limit": str(_MOST)}
    query["fieldSelector"] = f"involvedObject.uid={pod.uid},type=Warning"
    try:
        answer = await site.api.read(EVENT.path(site.namespace), query, metadata_only=False)
        events = msgspec.json.decode(answer.body, type=_Events).items
    except (ServiceError, msgspec.MsgspecError):
        return ()
    newest = sorted(events, key=lambda event: event.last_timestamp or "", reverse=True)
    return tuple(dict.fromkeys(Warned(one.reason, one.message, one.seconds) for one in newest))
