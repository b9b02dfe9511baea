"""Hears the state changes of all jobs, one after the other, for a scheduler or a display."""

from __future__ import annotations

import asyncio
import time
from typing import NamedTuple

from podlane.local.coordinator.jobs import CoordinatorJob


class StateChange(NamedTuple):
    """`at` is epoch seconds."""

    job: CoordinatorJob
    state: str
    at: float


class StateListener:
    """An async iterator of StateChange; it ends when it or the coordinator is closed."""

    def __init__(self, others: list[StateListener]) -> None:
        self._others = others
        self._changes: asyncio.Queue[StateChange | None] = asyncio.Queue()
        others.append(self)

    def hear(self, job: CoordinatorJob) -> None:
        self._changes.put_nowait(StateChange(job, job.state, time.time()))

    def close(self) -> None:
        if self in self._others:
            self._others.remove(self)
            self._changes.put_nowait(None)

    def __aiter__(self) -> StateListener:
        return self

    async def __anext__(self) -> StateChange:
        change = await self._changes.get()
        if change is None:
            raise StopAsyncIteration
        return change
