"""How many requests a second one client makes at most: many at once for a moment, few for long.

A server in need says so itself (429, priority and fairness) and is heeded; this keeps us from
bringing it there, with a thousand jobs that are handed out together or end together.
"""

from __future__ import annotations

import asyncio
from math import inf


class Budget:
    """`rate`: requests a second that go on for ever. `burst`: how many may go at once after a
    quiet while. Whoever asks waits its turn."""

    def __init__(self, rate: float = 50.0, burst: float = 100.0) -> None:
        self._rate, self._burst = rate, burst
        self._next = -inf  # when the last one of those that have asked may go

    async def take(self) -> None:
        """Wait until one more request may go."""
        now = asyncio.get_running_loop().time()
        self._next = max(self._next, now - self._burst / self._rate) + 1 / self._rate
        if self._next > now:
            await asyncio.sleep(self._next - now)
