"""Watches: one JSON line per change, from a resourceVersion on, until the client or time ends it.

A version that the history no longer holds is told as the real server tells it: an ERROR line with
code 410 inside a 200.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator

from msgspec import Struct

from podlane.local.cluster.failure import expired
from podlane.local.cluster.kinds import Kind
from podlane.local.cluster.selector import Selector
from podlane.local.cluster.store import Change, Store
from podlane.local.cluster.views import View, bookmark, frame


class Subject(Struct, frozen=True):
    """What one watch is about."""

    kind: Kind
    namespace: str
    selects: Selector
    view: View


class Watching:
    """The watches that are open; they can be broken, as a proxy or a restart does."""

    def __init__(self, store: Store, *, bookmark_seconds: float = 60.0) -> None:
        self.bookmark_seconds = bookmark_seconds
        self._store = store
        self._wake: set[asyncio.Event] = set()
        self._generation = 0
        store.listen(self._heard)

    def break_all(self) -> None:
        self._generation += 1
        self.wake()

    def wake(self) -> None:
        for event in self._wake:
            event.set()

    def _heard(self, change: Change) -> None:
        self.wake()

    async def lines(
        self, subject: Subject, version: int, *, seconds: float, bookmarks: bool
    ) -> AsyncGenerator[bytes, None]:
        """Yield the frames; version 0 means: the present state first."""
        generation, loop = self._generation, asyncio.get_running_loop()
        end = loop.time() + seconds
        marks = _Marks(self.bookmark_seconds if bookmarks else seconds, version)
        wake = asyncio.Event()
        self._wake.add(wake)
        try:
            if version == 0:
                version = self._store.version
                for line in self._present(subject):
                    yield line
            while generation == self._generation and loop.time() < end:
                wake.clear()
                if version < self._store.forgotten:
                    yield frame("ERROR", expired(version, self._store.forgotten).body)
                    return
                for change in self._store.since(version):
                    version = change.version
                    yield _line(subject, change)
                if bookmarks and marks.is_due(version):
                    yield bookmark(subject.kind, version, subject.view)
                await _wait(wake, min(end, marks.next) - loop.time())
        finally:
            self._wake.discard(wake)

    def _present(self, subject: Subject) -> list[bytes]:
        return [
            frame("ADDED", subject.view(item))
            for item in self._store.items(subject.kind, subject.namespace)
            if subject.selects(item)
        ]


class _Marks:
    """When the next bookmark is due; there is none while nothing has changed."""

    def __init__(self, period: float, version: int) -> None:
        self._period = period
        self._version = version
        self.next = asyncio.get_running_loop().time() + period

    def is_due(self, version: int) -> bool:
        now = asyncio.get_running_loop().time()
        if now < self.next:
            return False
        self.next = now + self._period
        is_new, self._version = version > self._version, version
        return is_new


async def _wait(wake: asyncio.Event, seconds: float) -> None:
    try:
        async with asyncio.timeout(max(seconds, 0)):
            await wake.wait()
    except TimeoutError:
        return


def _line(subject: Subject, change: Change) -> bytes:
    """The frame for one change; an object that enters or leaves the selection is told as that."""
    if change.kind is not subject.kind:
        return b""
    if subject.namespace not in ("", change.object["metadata"].get("namespace")):
        return b""
    was = change.previous is not None and subject.selects(change.previous)
    is_selected = change.type != "DELETED" and subject.selects(change.object)
    if not was and not is_selected:
        return b""
    event_type = ("MODIFIED" if was else "ADDED") if is_selected else "DELETED"
    return frame(event_type, subject.view(change.object))
