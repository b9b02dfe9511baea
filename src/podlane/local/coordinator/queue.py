"""POST /jobs/request: which runner gets which job, and the long poll."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Iterable
from dataclasses import dataclass, field

from aiohttp import web

from podlane.local.coordinator.jobs import CoordinatorJob
from podlane.local.coordinator.runners import RegisteredRunner, Runners


@dataclass
class Queue:
    """`long_poll`: seconds a question is held when nothing has changed since the last one.

    `hands_out_late`: a question that was held is answered with the job that ended the wait, where
    GitLab says 204 and waits to be asked again.
    """

    runners: Runners
    jobs: dict[int, CoordinatorJob]
    long_poll: float = 0.0
    hands_out_late: bool = False
    version: str = field(default_factory=lambda: secrets.token_hex(8))
    requests: dict[str, int] = field(default_factory=dict)
    _changed: asyncio.Event = field(default_factory=asyncio.Event)

    def stir(self) -> None:
        """Something a runner may want has come: every held question is answered."""
        self.version = secrets.token_hex(8)
        event, self._changed = self._changed, asyncio.Event()
        event.set()

    async def answer(self, request: web.Request) -> web.Response:
        runner, body = await self.runners.find(request)
        self.requests[runner.token] = self.requests.get(runner.token, 0) + 1
        if runner.paused:
            return web.Response(status=204)
        headers = {"X-GitLab-Last-Update": self.version}
        if body.get("last_update") == self.version:
            try:
                async with asyncio.timeout(self.long_poll):
                    await self._changed.wait()
            except TimeoutError:
                pass
            if not self.hands_out_late:
                return web.Response(status=204, headers=headers if not self.long_poll else {})
            headers = {"X-GitLab-Last-Update": self.version}
        job = self._pick(runner)
        if job is None:
            return web.Response(status=204, headers=headers)
        features = body.get("info", {}).get("features", {})
        job.is_graceful = bool(features.get("cancel_gracefully"))
        job.runner = runner.token
        job.handed_out += 1
        job.enter("running")
        return web.json_response(job.payload, status=201)

    def _pick(self, runner: RegisteredRunner) -> CoordinatorJob | None:
        waiting: Iterable[CoordinatorJob] = (
            job for job in self.jobs.values() if job.state == "pending"
        )
        return next((job for job in waiting if runner.takes(job.tags)), None)
