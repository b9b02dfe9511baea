"""Labels and annotations of a job's objects: podlane's, gitlab-runner's and the config's.

podlane's own always win, for they are the only way back from an object to its job.
"""

from __future__ import annotations

from typing import Any

from podlane.core.job.payload import Job
from podlane.core.job.variables import Reader
from podlane.core.plan.context import RunnerContext
from podlane.core.plan.model import JobPlan
from podlane.core.plan.overwrites.maps import is_reserved
from podlane.core.pod import names
from podlane.core.text.duration import format_duration
from podlane.core.text.seat_names import SEAT
from podlane.core.text.token import short_token

_TEXT_LIMIT = 1024
_DO_NOT_DISRUPT = {
    "karpenter.sh/do-not-disrupt": "true",
    "cluster-autoscaler.kubernetes.io/safe-to-evict": "false",
}


def record_of(job: Job, context: RunnerContext) -> str:
    runner = context.runner
    return names.record_name(names.runner_key(runner.url, runner.token), job.id)


def labels(job: Job, context: RunnerContext, reader: Reader) -> dict[str, str]:
    return (
        _configured_labels(context, reader)
        | _gitlab_labels(job, context, reader)
        | _own_labels(job, context)
    )


def pod_annotations(
    plan: JobPlan, job: Job, context: RunnerContext, reader: Reader
) -> dict[str, str]:
    git = job.git_info
    written: dict[str, Any] = {
        "job.runner.gitlab.com/id": job.id,
        names.JOB_URL: reader.get("CI_JOB_URL"),
        "job.runner.gitlab.com/sha": git.sha,
        "job.runner.gitlab.com/before_sha": git.before_sha,
        "job.runner.gitlab.com/ref": git.ref,
        "job.runner.gitlab.com/name": job.job_info.name,
        "job.runner.gitlab.com/timeout": format_duration(plan.limits.job),
        "project.runner.gitlab.com/id": job.job_info.project_id,
    }
    configured = {
        key: reader.expand(value, key=key)
        for key, value in context.runner.kubernetes.pod_annotations.items()
        if not key.startswith("podlane.dev/")
    }
    default = {key: str(value)[:_TEXT_LIMIT] for key, value in written.items()}
    default |= _DO_NOT_DISRUPT if context.runner.podlane.do_not_disrupt else {}
    own = {names.SERVICE_LOG: "{}"} if plan.service_logs else {}
    own |= {names.EVENTS: "{}"} if plan.with_pod_events else {}
    own |= {names.KEEP: str(int(plan.limits.keep))} if plan.limits.keep else {}
    return default | configured | own


def _own_labels(job: Job, context: RunnerContext) -> dict[str, str]:
    runner = context.runner
    return {
        names.MANAGED_BY: "podlane",
        names.INSTALLATION: names.label_value(context.installation),
        names.RUNNER: names.runner_key(runner.url, runner.token),
        names.JOB_ID: str(job.id),
        names.PROJECT_ID: str(job.job_info.project_id),
        names.SLOT: str(context.slot),
        names.PROJECT_SLOT: str(context.project_slot),
        names.ATTEMPT: "0",
    } | ({SEAT: context.seat} if context.seat else {})


def _gitlab_labels(job: Job, context: RunnerContext, reader: Reader) -> dict[str, str]:
    info, runner = job.job_info, context.runner
    written = {
        "pod": record_of(job, context),
        "job.runner.gitlab.com/pod": record_of(job, context),
        "project.runner.gitlab.com/id": str(info.project_id),
        "project.runner.gitlab.com/name": info.project_name,
        "project.runner.gitlab.com/namespace": reader.get("CI_PROJECT_NAMESPACE"),
        "project.runner.gitlab.com/namespace-id": str(info.namespace_id),
        "project.runner.gitlab.com/root-namespace": reader.get("CI_PROJECT_ROOT_NAMESPACE"),
        "project.runner.gitlab.com/root-namespace-id": str(info.root_namespace_id),
        "manager.runner.gitlab.com/name": runner.name,
        "manager.runner.gitlab.com/id-short": short_token(runner.token),
    }
    return {key: names.label_value(value) for key, value in written.items()}


def _configured_labels(context: RunnerContext, reader: Reader) -> dict[str, str]:
    return {
        key: names.label_value(reader.expand(value, key=key))
        for key, value in context.runner.kubernetes.pod_labels.items()
        if not is_reserved(key)
    }
