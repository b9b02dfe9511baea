"""Who holds which slot: chosen from the board, and certain once the cluster has said the order.

Two managers that launch at once may choose the same numbers, for neither has seen the other's
record. Every manager sees the records in the order in which they were made. So each waits until it
sees its own: whatever holds its numbers and was made before is on the board by then, and the later
of the two makes its record anew with other numbers. This costs no request unless they clash.
"""

from __future__ import annotations

import asyncio

from podlane.core.pod.slots import Claim, choose
from podlane.manager.board import Board, Key, Line

_SECONDS = 30.0


class Slots:
    def __init__(self, board: Board) -> None:
        self._board = board
        self._taken: list[Claim] = []

    def take(self, runner: str, project_id: str) -> Claim:
        """Choose the lowest free numbers; they are kept from others here until `give_back`."""
        held = [holder.claim for holder in self._board.holders()]
        claim = choose(runner, project_id, [*self._taken, *held])
        self._taken.append(claim)
        return claim

    def give_back(self, claim: Claim) -> None:
        self._taken.remove(claim)

    async def is_certain(self, key: Key) -> bool:
        """Wait until the order is known; whether nobody was there before. TimeoutError when we
        have lost sight of the cluster."""
        woken = self._board.watcher()
        try:
            async with asyncio.timeout(_SECONDS):
                while (line := self._board.lines.get(key)) is not None and not line.is_seen:
                    await woken.wait()
                    woken.clear()
        finally:
            self._board.unwatch(woken)
        return line is None or not self.is_taken(line)

    def is_taken(self, line: Line) -> bool:
        """Whether another job held the numbers of this one first."""
        mine = line.holder()
        return mine is not None and any(
            mine.claim.clashes(other.claim) and other.since < mine.since
            for other in self._board.holders(but=line)
        )
