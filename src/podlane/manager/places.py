"""Free places: how many more jobs may be asked for, and who may ask.

A place is taken before GitLab is asked and given back when the launch is over: by then the job's
record is on the board and counts by itself. So the limits hold at every moment, and nothing needs
to be remembered over a restart.
"""

from __future__ import annotations

import asyncio
from collections import Counter

from podlane.core.config.polling import Polling
from podlane.manager.board import Board
from podlane.manager.seats import Alone, Part


class Places:
    """Counts places in flight. `concurrent` is handed in: it may be reloaded. Of each limit a
    manager has its part alone; what others have in flight it does not see, and need not."""

    def __init__(self, board: Board, concurrent: int, part: Part | None = None) -> None:
        self.concurrent = concurrent
        self.is_draining = False  # ask for nothing more: `podlane deploy uninstall` waits
        self._board = board
        self._part: Part = part or Alone()
        self._part.watch(self.wake)
        self._flying: Counter[str] = Counter()
        self._stirred = board.watcher()
        self._waiters: list[asyncio.Event] = []

    def free(self) -> int:
        return self._left(self.concurrent)

    def flying(self) -> int:
        """How many are taken for questions and launches under way."""
        return self._flying.total()

    def why_none(self, runner: str, site: str, polling: Polling) -> str:
        """Name what keeps `runner` from asking for a job; "" when nothing does."""
        if why := "draining" if self.is_draining else self._part.why_none():
            return why
        if self._board.is_blind(site):
            return "cluster out of sight"
        if self.free() <= 0:
            return "concurrent"
        if polling.limit and self._left(polling.limit, runner) <= 0:
            return "limit"
        return self._why_no_room(runner, polling)

    def _why_no_room(self, runner: str, polling: Polling) -> str:
        """What keeps the cluster from taking one more job, as far as the last ones tell."""
        if self._board.over_quota(runner):
            return "quota"
        if polling.pending_limit and len(self._board.unplaced()) >= polling.pending_limit:
            return "pending_limit"
        return ""

    def explain(self, why: str, runner: str) -> str:
        """The cluster's own sentence, where it is the cluster that has no room."""
        if why == "quota":
            return self._board.over_quota(runner)
        return next(iter(self._board.unplaced()), "") if why == "pending_limit" else ""

    def _left(self, limit: int, runner: str = "") -> int:
        flying = self._flying[runner] if runner else self._flying.total()
        mine = self._board.live(runner, self._part.is_mine)
        ours = self._part.share(limit, runner) - mine
        return min(ours, limit - self._board.live(runner)) - flying

    def take(self, runner: str) -> None:
        self._flying[runner] += 1

    def give_back(self, runner: str) -> None:
        self._flying[runner] -= 1
        self.wake()

    def watcher(self) -> asyncio.Event:
        """Return an event that is set when a place may have become free; its owner clears it."""
        event = asyncio.Event()
        self._waiters.append(event)
        return event

    def unwatch(self, event: asyncio.Event) -> None:
        self._waiters.remove(event)

    def wake(self) -> None:
        """Let everyone who waits look again."""
        for event in self._waiters:
            event.set()

    async def serve(self) -> None:
        """Wake those who wait for a place whenever the board changes."""
        while True:
            await self._stirred.wait()
            self._stirred.clear()
            self.wake()
