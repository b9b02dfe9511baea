"""`podlane local`: the embedded GitLab and cluster and the real manager, in one process.

Nothing in the manager or the helper knows. The pipeline's order comes from `pipeline.schedule`;
this file hands jobs to the coordinator and tells the schedule how they ended.
"""

from __future__ import annotations

import asyncio
import shlex
import time
from datetime import UTC, datetime
from functools import partial
from typing import Any

import msgspec

from podlane.local.folder import LocalFolder
from podlane.local.gitlab_side import GitLabSide, JobSide
from podlane.local.lines import Lines, without_colours
from podlane.local.pipeline import decide, payload, schedule
from podlane.local.pipeline.facts import Facts
from podlane.local.pipeline.model import Job, Pipeline
from podlane.local.pipeline.payload import Finished
from podlane.local.pipeline.predefined import Attempt
from podlane.local.pipeline.schedule import Result, Schedule, Step
from podlane.local.show import Row, Show


class Order(msgspec.Struct, frozen=True):
    """What to run: the pipeline, the facts it was made for, the folder the results go to.

    `has_images`: jobs run in containers, so their images and services count.
    """

    pipeline: Pipeline
    facts: Facts
    folder: LocalFolder
    has_images: bool = False


class Session:
    """One pipeline on its way through the coordinator."""

    def __init__(self, order: Order, coordinator: GitLabSide, show: Show) -> None:
        self._order = order
        self._coordinator = coordinator
        self._show = show
        self._facts = msgspec.structs.replace(order.facts, server_url=coordinator.url)
        self._jobs = {job.name: job for job in order.pipeline.jobs}
        self._last: dict[str, JobSide] = {}
        self._tries: dict[str, int] = {}
        self._ended: asyncio.Queue[str] = asyncio.Queue()
        self._tasks: asyncio.TaskGroup
        self._cancels = 0
        self._schedule: Schedule = schedule.Schedule({})

    @property
    def is_canceled(self) -> bool:
        return self._cancels > 0

    async def run(self) -> str:
        """Run the pipeline to its end and return its status."""
        started = time.monotonic()
        async with asyncio.TaskGroup() as self._tasks:
            self._schedule, names = schedule.start(self._steps())
            self._hand_out(names)
            while not self._schedule.is_over:
                name = await self._ended.get()
                result = _result(self._last[name])
                self._schedule, names = schedule.finish(self._schedule, name, result)
                if not self.is_canceled:
                    self._hand_out(names)
                else:
                    self._schedule = schedule.cancel(self._schedule)
        status = "canceled" if self.is_canceled else schedule.pipeline_status(self._schedule)
        self._show.summary(self._rows())
        self._show.pipeline(status, time.monotonic() - started)
        return status

    def cancel(self) -> None:
        """GitLab's button; pressed again, everything ends at once."""
        self._cancels += 1
        self._schedule = schedule.cancel(self._schedule)
        alive = [job for job in self._last.values() if not job.is_over]
        self._show.say(
            "canceling: after_script still runs; press again to end at once"
            if self._cancels == 1
            else "ending at once"
        )
        for job in alive:
            if self._cancels == 1:
                self._coordinator.cancel(job.id)
            else:
                self._coordinator.force_cancel(job.id)

    def _steps(self) -> list[Step]:
        stages = {stage: index for index, stage in enumerate(self._order.pipeline.stages)}
        return [
            Step(
                name=job.name,
                stage=stages[job.spec.stage],
                needs=None if job.needs is None else tuple(need.job for need in job.needs),
                when=job.when,
                allow_failure=job.allow_failure,
                allow_exit_codes=job.spec.allow_exit_codes,
                retry=job.spec.retry,
                resource_group=job.spec.resource_group,
                is_stand_in=bool(job.spec.stand_in),
            )
            for job in self._order.pipeline.jobs
        ]

    def _hand_out(self, names: tuple[str, ...]) -> None:
        for name in names:
            job = self._jobs[name]
            self._tries[name] = self._tries.get(name, 0) + 1
            handed = self._coordinator.enqueue_whole(partial(self._payload, job))
            self._last[name] = handed
            self._tasks.create_task(self._follow(name, handed, self._tries[name]))

    def _payload(self, job: Job, job_id: int, token: str) -> dict[str, Any]:
        """As GitLab would send it, without what a run by processes leaves out."""
        scheme, _, host = self._coordinator.url.partition("://")
        path = self._facts.project_path
        attempt = Attempt(
            job_id=job_id,
            token=token,
            repo_url=f"{scheme}://gitlab-ci-token:{token}@{host}/{path}.git",
            started_at=datetime.now(UTC).isoformat(timespec="seconds"),
        )
        sources = decide.artifact_sources(job, self._order.pipeline)
        before = [self._finished(name) for name in sources if name in self._last]
        whole = payload.build_payload(self._order.pipeline, job, self._facts, attempt, before)
        if self._order.has_images:
            return whole
        image = job.spec.image
        return {
            **whole,
            "image": {"name": image["name"]} if image else None,
            "services": [],
        }

    def _finished(self, name: str) -> Finished:
        job = self._last[name]
        archive = job.artifacts.get("archive")
        return Finished(
            job_id=job.id,
            name=name,
            size=archive.stat().st_size if archive else 0,
            filename=job.artifact_names.get("archive", "") or "artifacts.zip",
            dotenv=tuple(job.dotenv.items()),
        )

    async def _follow(self, name: str, job: JobSide, attempt: int) -> None:
        """Show and keep what one try of a job prints; then say that it has ended."""
        lines = Lines()
        self._show.event(name, "queued" if attempt == 1 else f"queued again, try {attempt}")
        with self._order.folder.log_file(name, attempt).open("w", encoding="utf-8") as log:
            async for data in self._coordinator.follow(job.id):
                self._print(name, lines.feed(data), log)
            self._print(name, lines.end(), log)
        for kind, file in job.artifacts.items():
            await asyncio.to_thread(
                self._order.folder.keep, name, kind, job.artifact_names.get(kind, ""), file
            )
        self._show.event(name, _how(job), job.state)
        self._ended.put_nowait(name)

    def _print(self, name: str, lines: list[str], log: Any) -> None:
        for line in lines:
            self._show.line(name, line)
            log.write(without_colours(line) + "\n")

    def _rows(self) -> list[Row]:
        return [
            self._row(job, self._schedule.entries[job.name]) for job in self._order.pipeline.jobs
        ]

    def _row(self, job: Job, entry: schedule.Entry) -> Row:
        last = self._last.get(job.name)
        status: str = entry.state
        why = ""
        if entry.state == "failed" and entry.is_allowed:
            status = "failed (allowed)"
        if last is not None and entry.state == "failed":
            log = self._order.folder.log_file(job.name, self._tries[job.name])
            why = f"{_how(last)}; {log.relative_to(self._order.folder.root.parent)}"
        elif entry.state == "manual":
            why = f"run it with: podlane local {shlex.quote(job.name)}"
        elif entry.state == "created":
            status, why = "blocked", "waits for a manual job"
        elif job.spec.stand_in:
            status, why = "not run", job.spec.stand_in
        return Row(job.name, job.spec.stage, status, _seconds(last), why)


def _seconds(job: JobSide | None) -> float | None:
    if job is None or "running" not in job.moments:
        return None
    end = max(job.moments.get(state, 0.0) for state in ("success", "failed", "canceled"))
    return max(0.0, end - job.moments["running"])


def _result(job: JobSide) -> Result:
    if job.state == "success":
        return Result("success")
    if job.state == "failed":
        return Result("failed", job.failure_reason, job.exit_code)
    return Result("canceled")


def _how(job: JobSide) -> str:
    if job.state != "failed":
        return job.state
    code = f", exit code {job.exit_code}" if job.exit_code else ""
    return f"failed: {job.failure_reason or 'unknown_failure'}{code}"
