"""How long each part of a job may take, in seconds."""

from __future__ import annotations

from podlane.core.job.payload import Job
from podlane.core.plan.context import RunnerContext
from podlane.core.plan.model import Limits
from podlane.core.plan.resolve import Ground, timeout
from podlane.core.plan.settings import (
    RUNNER_AFTER_SCRIPT_TIMEOUT,
    RUNNER_SCRIPT_TIMEOUT,
    read,
)
from podlane.core.text.duration import parse_duration

DEFAULT_POD_GRACE = 30


def limits(job: Job, context: RunnerContext, ground: Ground) -> Limits:
    whole = float(timeout(job))
    kubernetes = context.runner.kubernetes
    grace = kubernetes.pod_termination_grace_period_seconds
    keep = int(parse_duration(context.runner.podlane.keep_failed_pods or "0"))
    prepare = parse_duration(context.runner.prepare_timeout or "0")
    script = min(read(RUNNER_SCRIPT_TIMEOUT, ground.reader), whole)
    return Limits(
        job=whole,
        hello=float(kubernetes.poll_timeout or 180),
        after_script=min(read(RUNNER_AFTER_SCRIPT_TIMEOUT, ground.reader) or whole, whole),
        script=script or None,
        prepare=prepare if 0 < prepare < whole else None,
        pod_grace=float(DEFAULT_POD_GRACE if grace is None else max(grace, 0)),
        keep=float(keep) if keep > 0 else None,
    )
