"""What the block of figures at the end of the log is to tell."""

from __future__ import annotations

from podlane.core.job.payload import Job
from podlane.core.plan.context import RunnerContext
from podlane.core.plan.model import Usage


def usage(job: Job, context: RunnerContext) -> Usage:
    settings = context.runner.podlane
    return Usage(
        is_on=settings.resource_report,
        queued=max(0.0, job.job_info.time_in_queue_seconds),
        received=context.now,
        with_cgroup=settings.scope == "container",
    )
