"""List, then watch, then list again when the watch cannot go on: for ever.

A watch that ends, as all do after some minutes, goes on where it stopped; one that the server
cannot go on with (410) begins with a new list; trouble means wait a little and try again, longer
each time. Nothing here runs hot: a watch that lives for less than a second is trouble too.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from typing import Any

import msgspec

from podlane.clients.kube.api import KubeApi
from podlane.clients.kube.watch import Query, list_items, watch_items
from podlane.errors import ServiceError, Unavailable

__all__ = ["Broken", "Changed", "Listed", "Pace", "Query", "follow"]


class Listed(msgspec.Struct, frozen=True):
    """All there is: what is not in it is no more."""

    items: list[Any]


class Changed(msgspec.Struct, frozen=True):
    """`type`: ADDED, MODIFIED or DELETED."""

    type: str
    item: Any


class Broken(msgspec.Struct, frozen=True):
    """The API is out of sight; it is tried again. Said once for each time."""

    error: Exception


class Pace(msgspec.Struct, frozen=True):
    """Seconds. `first`, `most`: the pauses between tries, doubled; `short`: a watch that lives no
    longer is trouble; `watch`: how long one watch shall live; `told_most`: a server's Retry-After
    is obeyed up to this."""

    first: float = 0.5
    most: float = 10.0
    short: float = 1.0
    watch: int = 300
    told_most: float = 60.0


PACE = Pace()


async def follow(
    api: KubeApi, query: Query, pace: Pace = PACE
) -> AsyncIterator[Listed | Changed | Broken]:
    """Yield the world as a list, then its changes, again and again. Never ends by itself."""
    state = _State(pace)
    while True:
        try:
            if not state.version:
                items, state.version = await list_items(api, query)
                yield Listed(items)
            async with aclosing(_watch(api, query, state)) as changes:
                async for change in changes:
                    yield change
        except ServiceError as error:
            if state.is_news(error):
                yield Broken(error)
            await asyncio.sleep(state.pause(error))
        else:
            await asyncio.sleep(state.pause(None))


async def _watch(api: KubeApi, query: Query, state: _State) -> AsyncGenerator[Changed, None]:
    async for event in watch_items(api, query, state.version, seconds=state.pace.watch):
        if event.type == "OPENED":
            state.opened()
            continue
        state.went_on(event.version)
        if event.type != "BOOKMARK":
            yield Changed(event.type, event.item)


class _State:
    """Where we are, whether the API is in sight, and how long to wait after trouble."""

    def __init__(self, pace: Pace) -> None:
        self.pace = pace
        self.version = ""
        self.is_broken = False
        self._next = pace.first
        self._opened_at: float | None = None

    def opened(self) -> None:
        self._opened_at = time.monotonic()

    def went_on(self, version: str) -> None:
        self.version = version or self.version
        self._next = self.pace.first

    def is_news(self, error: ServiceError) -> bool:
        """Take note of an error. A version that is too old, or a watch that was cut after it had
        lived for a while, is all in a day's work."""
        has_lived = self._has_lived()
        self.is_broken &= not has_lived
        is_usual = has_lived or error.status == 410
        if error.status not in (0, 429):  # what answers may be another world than before
            self.version = ""
        is_news = not is_usual and not self.is_broken
        self.is_broken |= not is_usual
        return is_news

    def pause(self, error: ServiceError | None) -> float:
        """Seconds until the next try; none for a watch that came to its natural end."""
        has_lived, self._opened_at = self._has_lived(), None
        if has_lived:
            self._next = self.pace.first
            if error is None:
                return 0.0
        told = error.retry_after if isinstance(error, Unavailable) else None
        pause = self._next * random.uniform(0.75, 1.0)
        self._next = min(self._next * 2, self.pace.most)
        return pause if told is None else max(pause, min(told, self.pace.told_most))

    def _has_lived(self) -> bool:
        """Tell whether there was a watch that lived longer than a short one."""
        opened_at = self._opened_at
        return opened_at is not None and time.monotonic() - opened_at >= self.pace.short
