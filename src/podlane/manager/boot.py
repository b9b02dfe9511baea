"""`boot_verify`: at start a runner is shown to GitLab before it asks for jobs.

Until each such runner is known the manager does not say that it is ready, so a rollout with a wrong
token stops by itself and the managers before it stay. It is tried for ever; after `timeout` the log
says that it has failed.
"""

from __future__ import annotations

import asyncio
import logging

import msgspec

from podlane.core.config.experimental import Experimental
from podlane.core.text.duration import parse_duration
from podlane.errors import ServiceError
from podlane.manager.backoff import delays
from podlane.manager.runner import Runner

log = logging.getLogger(__name__)
_LEAST_SECONDS = 0.1


class Pace(msgspec.Struct, frozen=True):
    """`first` and `most`: the pauses between tries. `seconds`: after them the log says so."""

    is_asked: bool
    first: float
    most: float
    seconds: float


def pace_of(experimental: Experimental) -> Pace:
    settings = experimental.boot_verify
    first = max(_LEAST_SECONDS, parse_duration(settings.acquire_min_backoff or "0"))
    most = max(first, parse_duration(settings.acquire_max_backoff or "0"))
    return Pace(settings.enabled, first, most, parse_duration(settings.timeout or "0"))


class Boot:
    """`pending`: the runners that GitLab has not yet acknowledged, by key, and why not."""

    def __init__(self) -> None:
        self.pending: dict[str, str] = {}

    def begin(self, runner: Runner) -> None:
        if pace_of(runner.context.runner.experimental).is_asked:
            self.pending[runner.key] = f"{runner.log_name}: not yet asked"

    def forget(self, key: str) -> None:
        """A reload has removed the runner."""
        self.pending.pop(key, None)

    def why_not_ready(self) -> str:
        """What is served meanwhile, gitlab-runner's own words first; "" when all is well."""
        if not self.pending:
            return ""
        return "boot-verify pending\n" + "\n".join(self.pending.values())

    async def verify(self, runner: Runner) -> None:
        """Return once GitLab knows the runner, or it is gone; at once where it was not begun."""
        pace, clock = pace_of(runner.context.runner.experimental), asyncio.get_running_loop()
        limit, is_said = clock.time() + pace.seconds, False
        for delay in delays(pace.first, pace.most):
            if runner.key not in self.pending or await self._is_known(runner):
                break
            if not is_said and clock.time() >= limit and runner.key in self.pending:
                is_said = True
                fields = {"runner": runner.log_name, "why": self.pending[runner.key]}
                log.error("boot_verify has failed so far and is tried on", extra={"fields": fields})
            await asyncio.sleep(delay)
        if self.pending.pop(runner.key, None) is not None:
            log.info("GitLab knows the runner", extra={"fields": {"runner": runner.log_name}})

    async def _is_known(self, runner: Runner) -> bool:
        context = runner.context
        try:
            await runner.gitlab.verify(context.runner.token, context.system_id, context.info)
        except ServiceError as error:
            if runner.key in self.pending:  # else a reload has removed it meanwhile
                self.pending[runner.key] = f"{runner.log_name}: {error.message}"
            return False
        return True
