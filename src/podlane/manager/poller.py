"""Ask GitLab for jobs on behalf of one runner: a free place, a question, a launch.

Each runner asks by itself, so one that waits in GitLab's long poll holds up no other. Where places
are scarcer than questions, a question does not wait: a place is not held for a minute for nothing.
How many questions may be under way and when the next one is due: `core.config.polling`.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from podlane.clients.gitlab.calls import JobRequest
from podlane.core.config.polling import Heard, Polling, first_pace, next_pace
from podlane.errors import Rejected, ServiceError, Unavailable
from podlane.manager.backoff import delays
from podlane.manager.places import Places
from podlane.manager.runner import Runner

log = logging.getLogger(__name__)
_REFUSED = (
    "its token was revoked or has ended, or the runner was deleted: `podlane verify` tells, and"
    " `podlane register` brings one with another token"
)
Start = Callable[[bytes, Runner], None]


@dataclass
class Asking:
    """What all pollers share. `start` begins a launch; its place is given back at its end."""

    places: Places
    start: Start
    pollers: dict[str, Poller] = field(default_factory=dict)

    def lacking(self) -> int:
        """How many more questions may yet be begun, of all runners together: each needs a place."""
        return sum(max(0, one.most() - one.under_way) for one in self.pollers.values())


class Poller:
    """One runner. `delay`: seconds before its first question, so that not all ask at once."""

    def __init__(self, runner: Runner, polling: Polling, asking: Asking, delay: float = 0) -> None:
        self.runner = runner
        self.polling = polling
        self.pace = first_pace(polling)
        self.under_way = 0
        self.idle_because = ""
        self._asking = asking
        self._is_removed = False
        self._is_swift = False
        self._last_update = ""
        self._refusals = 0
        self._due = asyncio.get_running_loop().time() + delay
        self._hurried = 0  # questions that may follow the next one without a pause
        self._rests_until = 0.0
        self._pauses: Iterator[float] = delays(1, 15)
        self._stirred = asking.places.watcher()

    def most(self) -> int:
        """How many questions may be under way at once now."""
        return max(1, int(self.pace))

    def change(self, runner: Runner, polling: Polling) -> None:
        """Take what a reload has brought."""
        same = polling.is_adaptive and self.polling.is_adaptive
        self.pace = min(self.pace, float(polling.questions)) if same else first_pace(polling)
        if runner.context.runner.token != self.runner.context.runner.token:
            self._refusals, self._rests_until = 0, 0.0  # they were another token's
        self.runner, self.polling = runner, polling
        self._stirred.set()

    def remove(self) -> None:
        """End once the questions under way are answered."""
        self._is_removed = True
        self._stirred.set()

    async def serve(self) -> None:
        async with asyncio.TaskGroup() as questions:
            while not self._is_removed:
                if (pause := self._pause()) is not None and pause <= 0:
                    self._begin(questions)
                else:
                    await self._wait(pause)
        self._asking.places.unwatch(self._stirred)

    def _pause(self) -> float | None:
        """Seconds until the next question is due; None: until something changes."""
        places, now = self._asking.places, asyncio.get_running_loop().time()
        why = places.why_none(self.runner.key, self.runner.site.name, self.polling)
        self._say("unhealthy" if now < self._rests_until else why)
        if now < self._rests_until:
            return self._rests_until - now
        if why or self.under_way >= self.most():
            return None
        return self._due - now

    async def _wait(self, pause: float | None) -> None:
        try:
            async with asyncio.timeout(pause):
                await self._stirred.wait()
        except TimeoutError:
            return
        self._stirred.clear()

    def _say(self, why: str) -> None:
        if why == self.idle_because:
            return
        self.idle_because = why
        fields = {"runner": self.runner.log_name} | ({"because": why} if why else {})
        if detail := self._asking.places.explain(why, self.runner.key):
            fields["error"] = detail
        message = "Asks for no jobs" if why else "Asks for jobs again"
        log.info(message, extra={"fields": fields})

    def _begin(self, questions: asyncio.TaskGroup) -> None:
        self._asking.places.take(self.runner.key)
        self.under_way += 1
        if self._hurried:
            self._hurried -= 1
        else:
            self._due = asyncio.get_running_loop().time() + self.polling.interval
        questions.create_task(self._question(self.runner))

    async def _question(self, runner: Runner) -> None:
        """Ask once, and set when the next question is due."""
        body = None
        try:
            body, heard = await self._ask(runner)
            self.pace = next_pace(self.pace, heard, self.polling)
            if heard == "job" and not self.polling.is_strict:  # there may be more where it was
                self._due = asyncio.get_running_loop().time()
                self._hurried = max(0, self.most() - self.under_way)
        finally:
            self.under_way -= 1
            if body is None:
                self._asking.places.give_back(runner.key)
            self._stirred.set()
        if body is not None:
            self._asking.start(body, runner)

    async def _ask(self, runner: Runner) -> tuple[bytes | None, Heard]:
        now, known = asyncio.get_running_loop().time, self._last_update
        may_wait = self._asking.places.free() >= self._asking.lacking()
        try:
            body = await self._request(runner, may_wait=may_wait)
        except ServiceError as error:
            if isinstance(error, Rejected) and error.status == 403:
                self._rejected(runner, error)
                return None, "nothing"
            self._due = max(self._due, now() + self._trouble(runner, error))
            self._hurried = 0
            return None, "busy"
        self._refusals, self._pauses = 0, delays(1, 15)
        if body is not None:
            return body, "job"
        # The next question can wait at GitLab rather than here if it names GitLab's newest value:
        # so it follows at once, though never twice in a row.
        self._is_swift = may_wait and self._last_update != known and not self._is_swift
        if self._is_swift:
            self._due = now()
        return None, "nothing"

    async def _request(self, runner: Runner, *, may_wait: bool) -> bytes | None:
        context = runner.context
        ask = JobRequest(
            token=context.runner.token,
            system_id=context.system_id,
            info=context.info,
            last_update=self._last_update if may_wait else "",
        )
        answer = await runner.gitlab.request_job(ask)
        self._last_update = answer.last_update or self._last_update
        return answer.body

    def _trouble(self, runner: Runner, error: ServiceError) -> float:
        pause = next(self._pauses)
        if isinstance(error, Unavailable) and error.retry_after is not None:
            pause = max(pause, error.retry_after)
        hint = {"hint": error.hint} if error.hint else {}
        fields = {"runner": runner.log_name, "error": error.message} | hint
        log.warning("Could not ask for a job", extra={"fields": fields})
        return max(pause, self.polling.interval)

    def _rejected(self, runner: Runner, error: Rejected) -> None:
        self._refusals += 1
        fields: dict[str, object] = {"runner": runner.log_name, "error": error.message}
        fields["hint"] = _REFUSED
        if self._refusals < self.polling.refusals:
            log.warning("GitLab refused the runner", extra={"fields": fields})
            return
        self._refusals = 0
        self._rests_until = asyncio.get_running_loop().time() + self.polling.rest
        rest = {"seconds": self.polling.rest}
        log.error("GitLab refuses the runner, which rests now", extra={"fields": fields | rest})
