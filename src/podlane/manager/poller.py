"""Ask GitLab for jobs on behalf of one runner: a free place, a question, a launch.

Each runner asks by itself, so one that waits in GitLab's long poll holds up no other. Where places
are scarcer than askers, a question does not wait: a place is not held for a minute for nothing.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from podlane.clients.gitlab.calls import JobRequest
from podlane.errors import Rejected, ServiceError, Unavailable
from podlane.manager.backoff import delays
from podlane.manager.places import Places
from podlane.manager.runner import Runner

log = logging.getLogger(__name__)
Start = Callable[[bytes, Runner], None]


@dataclass
class Asking:
    """What all pollers share. `start` begins a launch; its place is given back at its end."""

    places: Places
    start: Start
    interval: float = 3.0
    askers: int = 1


@dataclass
class Poller:
    """`runner` may be replaced by a reload; `is_removed` lets the loop end after its question."""

    runner: Runner
    asking: Asking
    is_removed: bool = False
    last_update: str = ""
    idle_because: str = ""
    _is_swift: bool = False
    _refusals: int = 0
    _pauses: Iterator[float] = field(default_factory=lambda: delays(1, 15))

    async def serve(self) -> None:
        while not self.is_removed:
            await self._until_free()
            asked_at = time.monotonic()
            pause = await self._ask()
            if not self.is_removed:
                await asyncio.sleep(max(0.0, asked_at + pause - time.monotonic()))

    async def _until_free(self) -> None:
        places = self.asking.places
        while not self.is_removed:
            why = places.why_none(self.runner.key, self.runner.site.name, self.runner.polling)
            if why != self.idle_because:
                self.idle_because = why
                log.info(
                    "Asks for jobs again" if not why else "Asks for no jobs", extra=self._say(why)
                )
            if not why:
                return
            await places.changed()

    def _say(self, why: str) -> dict[str, object]:
        fields: dict[str, object] = {"runner": self.runner.log_name}
        return {"fields": fields | {"because": why} if why else fields}

    async def _ask(self) -> float:
        """Ask once. Return the seconds from this question's start to the next."""
        runner, places = self.runner, self.asking.places
        places.take(runner.key)
        body, known = None, self.last_update
        try:
            may_wait = places.free() >= self.asking.askers - 1
            body = await self._request(may_wait=may_wait)
        except ServiceError as error:
            if isinstance(error, Rejected) and error.status == 403:
                return self._rejected(error)
            pause = next(self._pauses)
            if isinstance(error, Unavailable) and error.retry_after is not None:
                pause = max(pause, error.retry_after)
            log.warning(
                "Could not ask for a job",
                extra={
                    "fields": {"runner": runner.log_name, "error": error.message}
                    | ({"hint": error.hint} if error.hint else {})
                },
            )
            return max(pause, self.asking.interval)
        finally:
            if body is None:
                await places.give_back(runner.key)
        self._refusals, self._pauses = 0, delays(1, 15)
        if body is None:
            return self._pause(is_new=may_wait and self.last_update != known)
        self.asking.start(body, runner)
        return self.asking.interval if runner.polling.pauses_after_job else 0.0

    def _pause(self, *, is_new: bool) -> float:
        """Seconds after an empty answer. The next question can wait at GitLab rather than here if
        it names GitLab's newest value: so it follows at once, though never twice in a row."""
        self._is_swift = is_new and not self._is_swift
        return 0.0 if self._is_swift else self.asking.interval

    async def _request(self, *, may_wait: bool) -> bytes | None:
        context = self.runner.context
        ask = JobRequest(
            token=context.runner.token,
            system_id=context.system_id,
            info=context.info,
            last_update=self.last_update if may_wait else "",
        )
        answer = await self.runner.gitlab.request_job(ask)
        self.last_update = answer.last_update or self.last_update
        return answer.body

    def _rejected(self, error: Rejected) -> float:
        self._refusals += 1
        polling = self.runner.polling
        fields = {"runner": self.runner.log_name, "error": error.message}
        if self._refusals < polling.refusals:
            log.warning("GitLab refused the runner", extra={"fields": fields})
            return self.asking.interval
        self._refusals = 0
        log.error(
            "GitLab refuses the runner, which rests now",
            extra={
                "fields": fields | {"seconds": polling.rest, "hint": "`podlane verify` tells more"}
            },
        )
        return polling.rest
