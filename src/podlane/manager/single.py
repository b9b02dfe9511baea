"""A manager that ends by itself: after some jobs, or when none has come for a while."""

from __future__ import annotations

import asyncio
import logging

import msgspec

from podlane.manager.daemon import Manager, Signals

log = logging.getLogger(__name__)
_LOOK_SECONDS = 0.5


class Until(msgspec.Struct, frozen=True):
    """`max_jobs`: so many; `idle_seconds`: without a job. 0: for ever."""

    max_jobs: int = 0
    idle_seconds: int = 0

    async def serve(self, manager: Manager, signals: Signals) -> None:
        manager.most_jobs = self.max_jobs
        async with asyncio.TaskGroup() as tasks:
            watch = tasks.create_task(self._watch(manager, signals))
            await manager.serve(signals)
            watch.cancel()

    async def _watch(self, manager: Manager, signals: Signals) -> None:
        """Tell the manager to stop once nothing is under way: a job that GitLab is just handing out
        is not lost, and one that runs is seen to its end."""
        clock = asyncio.get_running_loop()
        busy_at, begun = clock.time(), 0
        while True:
            await asyncio.sleep(_LOOK_SECONDS)
            is_busy = bool(manager.launching or manager.board.lines)
            if is_busy or manager.begun != begun:
                busy_at, begun = clock.time(), manager.begun
            elif manager.places.is_draining and not manager.places.flying():
                signals.stop.set()
            elif self.idle_seconds and clock.time() - busy_at >= self.idle_seconds:
                if not manager.places.is_draining:
                    seconds = {"seconds": self.idle_seconds}
                    log.info("No job has come for so long; leaving", extra={"fields": seconds})
                manager.places.is_draining = True
                manager.places.wake()
