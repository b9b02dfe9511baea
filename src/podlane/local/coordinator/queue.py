"""POST /jobs/request: which runner gets which job, the long poll, and the two-phase hand-out."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from podlane.local.coordinator import payloads
from podlane.local.coordinator.answers import fail
from podlane.local.coordinator.jobs import CoordinatorJob
from podlane.local.coordinator.runners import RegisteredRunner, Runners

_QUESTION_LIMIT = 32 * 1024
_REPORTS_ARE_NOT = ("archive", "")


@dataclass
class Queue:
    """`long_poll`: seconds a question is held when nothing has changed since the last one.

    `hands_out_late`: every question is held until there is a job, which is then the answer, where
    GitLab says 204 and waits to be asked again.

    `two_phase`: a runner that knows `two_phase_job_commit` gets its job still pending; it is
    taken back when the runner does not speak of it for `take_back_after` seconds.
    `requests` counts the questions of each runner, by its token.
    """

    runners: Runners
    jobs: dict[int, CoordinatorJob]
    long_poll: float = 0.0
    hands_out_late: bool = False
    two_phase: bool = False
    take_back_after: float = 120.0
    requests: dict[str, int] = field(default_factory=dict, repr=False)
    _timers: dict[int, asyncio.TimerHandle] = field(default_factory=dict, repr=False)

    def stir(self, tags: frozenset[str] | None = None) -> None:
        """A job with these tags has come; without tags: tell every runner to look."""
        for runner in self.runners.known.values():
            if tags is None or runner.takes(tags):
                runner.tick()

    async def answer(self, request: web.Request) -> web.Response:
        if len(await request.read()) > _QUESTION_LIMIT:
            raise fail(413, "413 Request Entity Too Large")
        runner, body = await self.runners.find(request)
        system_id = self.runners.note_manager(runner, body)
        self.requests[runner.token] = self.requests.get(runner.token, 0) + 1
        value = runner.queue_value
        if runner.paused and not self.long_poll:
            return _nothing(value)
        if body.get("last_update") == value:
            if not self.long_poll:
                return _nothing(value)
            await self._hold(runner)
            if not self.hands_out_late:
                # The holder (Workhorse) has not asked the queue: it has no value to hand on.
                return web.Response(status=204)
            value = runner.queue_value
        features = (body.get("info") or {}).get("features") or {}
        job = None if runner.paused else self._pick(runner, features)
        if job is None and self.hands_out_late and body.get("last_update") != value:
            await self._hold(runner)
            value = runner.queue_value
            job = None if runner.paused else self._pick(runner, features)
        if job is None:
            return _nothing(value)
        self._hand_out(job, runner, system_id, features)
        return web.json_response(job.payload, status=201)

    async def _hold(self, runner: RegisteredRunner) -> None:
        try:
            async with asyncio.timeout(self.long_poll):
                await runner.changed.wait()
        except TimeoutError:
            return

    def _pick(self, runner: RegisteredRunner, features: dict[str, Any]) -> CoordinatorJob | None:
        """The oldest job for this runner; one that asks for more than it can do fails."""
        for job in list(self.jobs.values()):
            if job.state != "pending" or job.is_reserved or not runner.takes(job.tags):
                continue
            if all(features.get(name) for name in required_features(job)):
                return job
            job.finish("failed", "runner_unsupported", 0)
        return None

    def _hand_out(
        self,
        job: CoordinatorJob,
        runner: RegisteredRunner,
        system_id: str,
        features: dict[str, Any],
    ) -> None:
        job.payload = payloads.hand_out(job, runner, self.jobs)
        job.hand_out(runner.token, system_id, features)
        if self.two_phase and features.get("two_phase_job_commit"):
            job.is_reserved = True
            self.keep(job)
        else:
            job.enter("running")

    def keep(self, job: CoordinatorJob) -> None:
        """Start the reserved job's time to be acknowledged anew."""
        self.release(job)
        loop = asyncio.get_running_loop()
        self._timers[job.id] = loop.call_later(self.take_back_after, self._take_back, job)

    def release(self, job: CoordinatorJob) -> None:
        timer = self._timers.pop(job.id, None)
        if timer is not None:
            timer.cancel()

    def close(self) -> None:
        for timer in self._timers.values():
            timer.cancel()
        self.stir()

    def _take_back(self, job: CoordinatorJob) -> None:
        if job.is_reserved:
            job.is_reserved = False
            job.stir()
            self.stir(job.tags)


def required_features(job: CoordinatorJob) -> set[str]:
    """What a runner must have announced to be given this job, by what its payload asks for."""
    payload = job.payload
    artifacts: Iterable[dict[str, Any]] = payload.get("artifacts") or ()
    caches: Iterable[dict[str, Any]] = payload.get("cache") or ()
    steps: Iterable[dict[str, Any]] = payload.get("steps") or ()
    asked = {
        "upload_multiple_artifacts": any(
            entry.get("artifact_type", "") not in _REPORTS_ARE_NOT for entry in artifacts
        ),
        "artifacts_exclude": any(entry.get("exclude") for entry in artifacts),
        "fallback_cache_keys": any(entry.get("fallback_keys") for entry in caches),
        "multi_build_steps": any(step.get("name") == "release" for step in steps),
        "vault_secrets": bool(payload.get("secrets")),
        "refspecs": str((payload.get("git_info") or {}).get("ref", "")).startswith(
            "refs/merge-requests/"
        ),
    }
    return {name for name, is_asked in asked.items() if is_asked} | job.required_features


def _nothing(value: str) -> web.Response:
    return web.Response(status=204, headers={"X-GitLab-Last-Update": value})
