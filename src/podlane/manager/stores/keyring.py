"""Credentials that end, kept until a job needs fresher ones.

They are fetched again shortly before their end. A job that runs longer than they last gets new
ones, too, unless as much was asked for a moment ago: then the cloud gives no better.
"""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from typing import Generic, Protocol, TypeVar

from podlane.errors import ServiceError

_SPARE = 120.0  # seconds of life below which credentials count as gone
_FRESH = 300.0  # seconds after a fetch in which another, for no longer, would bring the same


class Ending(Protocol):
    """`expires_at`: epoch seconds, 0 for what does not end."""

    @property
    def expires_at(self) -> float: ...


E = TypeVar("E", bound=Ending)


Fetch = Callable[[float], Awaitable[E]]


class Keyring(Generic[E]):
    """One set of credentials. `fetch` is told until when they should last. Several jobs that need
    them at once wait for one fetch."""

    def __init__(self, fetch: Fetch[E]) -> None:
        self._fetch = fetch
        self._kept: E | None = None
        self._fetched_at = 0.0
        self._asked_until = 0.0
        self._lock = asyncio.Lock()

    async def get(self, until: float) -> E:
        """Credentials that last until then if they can; those at hand if new ones cannot be had."""
        async with self._lock:
            kept, now = self._kept, time.time()
            if kept is not None and self._is_good(kept, until, now):
                return kept
            try:
                self._kept = found = await self._fetch(until)
            except ServiceError:
                if kept is not None and kept.expires_at > now + _SPARE:
                    return kept
                raise
            self._fetched_at, self._asked_until = now, until
            return found

    def _is_good(self, kept: E, until: float, now: float) -> bool:
        if not kept.expires_at or kept.expires_at >= max(until, now + _SPARE):
            return True
        is_new = now < self._fetched_at + _FRESH and until <= self._asked_until + _FRESH
        return is_new and kept.expires_at > now + _SPARE


class Keyrings(Generic[E]):
    """Keyrings by name, the least recently used of too many forgotten."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._rings: OrderedDict[str, Keyring[E]] = OrderedDict()

    def ring(self, name: str, fetch: Fetch[E]) -> Keyring[E]:
        ring = self._rings.pop(name, None) or Keyring(fetch)
        self._rings[name] = ring
        while len(self._rings) > self._most:
            self._rings.popitem(last=False)
        return ring
