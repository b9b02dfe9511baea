"""Garbage collection: what is owned goes when its owners are gone, in the background."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from podlane.local.cluster.kinds import EVENT, KINDS, NAMESPACE, Kind, Object
from podlane.local.cluster.store import Change, Store

Delete = Callable[[Kind, Object], None]
_DELAY_SECONDS = 0.03


class GarbageCollector:
    """Hears every change; a dependent without a living owner is deleted shortly after."""

    def __init__(self, store: Store, delete: Delete) -> None:
        self._store = store
        self._delete = delete
        self._timers: set[asyncio.TimerHandle] = set()
        store.listen(self._heard)

    def stop(self) -> None:
        self._store.stop_listening(self._heard)
        for timer in self._timers:
            timer.cancel()

    def _heard(self, change: Change) -> None:
        if change.kind is EVENT:
            return
        if change.type == "DELETED" or (change.type == "ADDED" and _owners(change.object)):
            self._later()

    def _later(self) -> None:
        loop = asyncio.get_running_loop()
        now = loop.time()
        self._timers = {timer for timer in self._timers if timer.when() > now}
        self._timers.add(loop.call_later(_DELAY_SECONDS, self._collect))

    def _collect(self) -> None:
        alive = {item["metadata"]["uid"] for _, item in self._everything()}
        for kind, item in self._everything():
            owners = _owners(item)
            if owners and not owners & alive and "deletionTimestamp" not in item["metadata"]:
                self._delete(kind, item)

    def _everything(self) -> list[tuple[Kind, Object]]:
        return [
            (kind, item)
            for kind in KINDS.values()
            if kind not in (EVENT, NAMESPACE)
            for item in self._store.items(kind)
        ]


def _owners(item: Object) -> set[str]:
    return {owner["uid"] for owner in item["metadata"].get("ownerReferences") or []}
