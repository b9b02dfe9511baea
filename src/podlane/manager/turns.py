"""Whose turn it is, where several managers launch at once: the records' own order says.

Each asks GitLab for its part of the limits only, so jobs that are too many are rare: a manager that
was thought to be gone brings one yet, or a limit was lowered meanwhile. Such a job has its record
and waits for its pod until those before it have ended. No pod is made before its turn, whatever
became of Leases and clocks.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress

from podlane.errors import Unavailable
from podlane.manager.board import Board, Key
from podlane.manager.reservation import Claimed

_ALIVE_SECONDS = 30.0


class Turns:
    """`concurrent`, and each runner's `limits`; 0: no such limit."""

    def __init__(self, board: Board) -> None:
        self.concurrent = 0
        self.limits: dict[str, int] = {}
        self._board = board

    def has_come(self, key: Key) -> bool:
        line = self._board.lines.get(key)
        if line is None:
            return True
        runner = line.record.runner
        limits = (("", self.concurrent), (runner, self.limits.get(runner, 0)))
        return all(not limit or self._board.ahead(key, who) < limit for who, limit in limits)

    def check(self, key: Key) -> None:
        """Unavailable while it has not come."""
        if not self.has_come(key):
            raise Unavailable("jobs before it use the limits up", service="kubernetes", status=409)

    async def wait(self, key: Key, keep: Callable[[], Awaitable[Claimed | None]]) -> bool:
        """Wait for it; False when the job is not wanted any more. `keep` has GitLab keep it."""
        woken = self._board.watcher()
        try:
            while key in self._board.lines and not self.has_come(key):
                is_stirred = False
                with suppress(TimeoutError):
                    async with asyncio.timeout(_ALIVE_SECONDS):
                        await self._until_changed(woken, key)
                        is_stirred = True
                if not is_stirred and await keep() == "unwanted":
                    return False
        finally:
            self._board.unwatch(woken)
        return key in self._board.lines

    async def _until_changed(self, woken: asyncio.Event, key: Key) -> None:
        while key in self._board.lines and not self.has_come(key):
            await woken.wait()
            woken.clear()
