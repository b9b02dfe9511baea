"""Job and runner → what the helper does: one line a stage, each decided in its own file."""

from __future__ import annotations

from podlane.core.job.payload import Job
from podlane.core.job.variables import is_exportable
from podlane.core.plan import (
    artifacts,
    cache,
    cache_keys,
    certificates,
    image,
    limits,
    notes,
    overwrites,
    pod_events,
    scripts,
    secrets,
    services,
    sources,
    usage,
)
from podlane.core.plan.context import RunnerContext
from podlane.core.plan.model import (
    VERSION,
    EnvVariable,
    GitLabAccess,
    JobIdentity,
    JobPlan,
)
from podlane.core.plan.refuse import refuse_unsupported
from podlane.core.plan.resolve import Ground, resolve
from podlane.core.plan.settings import AFTER_SCRIPT_IGNORE_ERRORS, read
from podlane.core.plan.trace import trace_settings


def make_plan(job: Job, context: RunnerContext, ground: Ground | None = None) -> JobPlan:
    """Decide everything about the job. JobRefused when it cannot run as it was asked for.

    `ground`: the job's, if it is resolved already.
    """
    refuse_unsupported(job)
    ground = ground or resolve(job, context)
    context = overwrites.applied(job, context, ground.reader)
    caches = cache_keys.caches(job, ground)
    found = services.services(job, context, ground)
    for one in found:
        secrets.refuse_in(f"its service {one.name}", one)
    plan = JobPlan(
        version=VERSION,
        job=JobIdentity(
            id=job.id,
            name=job.job_info.name,
            project_id=job.job_info.project_id,
            project_path=job.job_info.project_full_path,
        ),
        gitlab=_access(job, context),
        places=ground.places,
        variables=exported(ground),
        trace=trace_settings(job, context, ground),
        limits=limits.limits(job, context, ground),
        notes=notes.notes(job, context, ground),
        sources=sources.sources(job, context, ground),
        scripts=scripts.scripts(job, context, ground),
        after_script=scripts.after_script(job, ground),
        restore=cache.restore(caches, job, context, ground),
        downloads=artifacts.downloads(job),
        save=cache.save(caches, job, context, ground),
        uploads=artifacts.uploads(job),
        artifacts=artifacts.settings(job, context, ground),
        services=services.checks(found, job, context),
        with_pod_events=pod_events.are_shown(context, ground),
        service_logs=services.shows_logs(found, context, ground),
        secrets=secrets.secrets(job, ground.flags, ground.reader),
        owner=image.owner(job, context, ground),
        usage=usage.usage(job, context),
        shell=scripts.shell(context),
        image=image.image(job, context, ground),
        entrypoint=image.entrypoint(job, ground),
        manager=context.manager_name,
        ca_bundle=certificates.bundle(context, ground.places.pod),
        with_exit_checks=ground.flags["FF_ENABLE_BASH_EXIT_CODE_CHECK"],
        after_script_counts=not read(AFTER_SCRIPT_IGNORE_ERRORS, ground.reader),
    )
    secrets.refuse_misuse(plan)
    return plan


def _access(job: Job, context: RunnerContext) -> GitLabAccess:
    return GitLabAccess(
        url=context.runner.podlane.pods_url or context.runner.url,
        token=job.token,
        info=context.info,
        ca_certificates=context.ca_certificates,
        client_certificate=context.client_certificate,
        client_key=context.client_key or None,
        failure_reasons=job.features.failure_reasons,
    )


def exported(ground: Ground) -> tuple[EnvVariable, ...]:
    return tuple(
        EnvVariable(item.key, item.value, item.file)
        for item in ground.variables.final().values()
        if is_exportable(item.key)
    )
