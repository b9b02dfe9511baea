"""Waiting for a state of the cluster that nothing tells us of: looking again, with a limit."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

LOOK_SECONDS = 0.5


async def until(condition: Callable[[], Awaitable[bool]], limit: float) -> bool:
    """Return True as soon as it holds, False when it does not within `limit` seconds."""
    try:
        async with asyncio.timeout(limit):
            while True:
                if await condition():
                    return True
                await asyncio.sleep(LOOK_SECONDS)
    except TimeoutError:
        return False
