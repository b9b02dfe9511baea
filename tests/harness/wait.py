"""Waiting in tests: for a state, with a limit, never for a time alone."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable

from podlane.local.coordinator import Coordinator, CoordinatorJob


async def until(
    what: str, is_so: Callable[[], bool | Awaitable[bool]], seconds: float = 30, every: float = 0.05
) -> None:
    """Look again and again until it is so; TimeoutError names what was waited for."""
    end = time.monotonic() + seconds
    while True:
        found = is_so()
        if found if isinstance(found, bool) else await found:
            return
        if time.monotonic() > end:
            raise TimeoutError(f"gave up after {seconds:.0f} s waiting for: {what}")
        await asyncio.sleep(every)


async def trace_holds(
    gitlab: Coordinator, job: CoordinatorJob, text: str, seconds: float = 60
) -> None:
    """Wait until the trace of a job holds a text."""
    seen = b""
    async with asyncio.timeout(seconds):
        async for data in gitlab.follow(job.id):
            seen += data
            if text.encode() in seen:
                return
    raise AssertionError(f"job {job.id} ended ({job.state}) and its trace never held: {text}")
