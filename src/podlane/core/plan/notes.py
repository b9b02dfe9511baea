"""podlane's own lines at the start of the log: who runs the job, and what is not as asked."""

from __future__ import annotations

from collections.abc import Sequence

from podlane.core.config.flag_table import nearest
from podlane.core.job.payload import Job
from podlane.core.job.variables import is_exportable
from podlane.core.plan import (
    cache,
    cache_keys,
    credentials,
    helper_image,
    image,
    lenient,
    overwrites,
    pod_events,
    pulls,
    secrets,
    services,
    settings,
)
from podlane.core.plan.context import RunnerContext
from podlane.core.plan.model import Note
from podlane.core.plan.resolve import Ground, shares_clone_path, timeout
from podlane.core.plan.step import too_long_to_export
from podlane.core.text.boolean import format_boolean
from podlane.core.text.token import short_token


def notes(job: Job, context: RunnerContext, ground: Ground) -> tuple[Note, ...]:
    return (
        *_header(job, context, ground),
        *_pull_policies(job, context, ground),
        *settings.complaints(ground.reader),
        *_flag_complaints(ground),
        *_variable_complaints(ground),
        *_time_complaints(job, ground),
        *_debug_complaints(context, ground),
        *_place_complaints(job, context, ground),
        *image.complaints(job, context, ground),
        *services.complaints(job, context, ground),
        *secrets.complaints(job),
        *cache.complaints(cache_keys.caches(job, ground), context, ground),
        *credentials.complaints(context, ground.variables),
        *helper_image.complaints(context, ground.reader),
        *_patches(context, ground),
        *pod_events.complaints(context, ground),
        *lenient.complaints(context.runner.kubernetes),
        *overwrites.notes(context, ground),
    )


def _header(job: Job, context: RunnerContext, ground: Ground) -> tuple[Note, ...]:
    runner = context.runner
    revision = f" ({context.revision})" if context.revision else ""
    lines = [
        f"Running with podlane {context.version}{revision}",
        f"  on {runner.name} {short_token(runner.token)}, system ID: {context.system_id}",
    ]
    if changed := ground.flags.changed():
        flags = ", ".join(f"{name}:{format_boolean(on)}" for name, on in changed.items())
        lines.append(f"  feature flags: {flags}")
    return (
        *(Note(line, "header") for line in lines),
        Note(f"Using Kubernetes executor with image {image.image(job, context, ground)} ..."),
        Note(f"Using Kubernetes namespace: {runner.kubernetes.namespace or 'default'}"),
    )


def _pull_policies(job: Job, context: RunnerContext, ground: Ground) -> tuple[Note, ...]:
    """By which policies images come, where anybody has said so."""
    own = pulls.policies(context.runner.kubernetes, job.image.pull_policy, "image")
    found = {"build": own} | {
        one.name: one.policies for one in services.services(job, context, ground)
    }
    return tuple(
        Note(f"Using effective pull policy of [{', '.join(words)}] for container {name}")
        for name, words in found.items()
        if words
    )


def _flag_complaints(ground: Ground) -> tuple[Note, ...]:
    flags = ground.flags
    notes = [f"{name} is ignored: its value is not true or false" for name in flags.bad]
    notes += [f"{one.name} is left aside. {one.sentence}" for one in flags.refused()]
    if unknown := flags.unknown():
        near = nearest(unknown[0])
        hint = f"; the nearest known is {near}" if near and len(unknown) == 1 else ""
        notes.append(f"There are no such feature flags: {_few(unknown)}{hint}")
    return tuple(Note(text, "warning") for text in notes)


def _variable_complaints(ground: Ground) -> tuple[Note, ...]:
    final = ground.variables.final()
    odd = [key for key in final if not is_exportable(key)]
    long = too_long_to_export({key: ground.reader.get(key) for key in final if is_exportable(key)})
    notes = []
    if odd:
        notes.append(f"No shell can export the variables {_few(odd)}; left out")
    if long:
        notes.append(
            f"Too long to export: {_few(long)}; no program could be started with it. "
            "The script's shell has it for itself; make it a file variable for others"
        )
    return tuple(Note(note, "warning") for note in notes)


def _few(names: Sequence[str]) -> str:
    more = f" and {len(names) - 5} more" if len(names) > 5 else ""
    return ", ".join(repr(name[:60]) for name in names[:5]) + more


def _time_complaints(job: Job, ground: Ground) -> tuple[Note, ...]:
    whole = timeout(job)
    return tuple(
        Note(f"{setting.key} is longer than the job's own time-out of {whole}s, which holds")
        for setting in (settings.RUNNER_SCRIPT_TIMEOUT, settings.RUNNER_AFTER_SCRIPT_TIMEOUT)
        if ground.reader.get(setting.key) and settings.read(setting, ground.reader) > whole
    )


def _patches(context: RunnerContext, ground: Ground) -> tuple[Note, ...]:
    has = bool(context.runner.kubernetes.pod_spec)
    if not has or ground.flags.is_on("FF_USE_ADVANCED_POD_SPEC_CONFIGURATION"):
        return ()
    text = "The runner's pod_spec patches are left out: {} is off"
    return (Note(text.format("FF_USE_ADVANCED_POD_SPEC_CONFIGURATION")),)


def _place_complaints(job: Job, context: RunnerContext, ground: Ground) -> tuple[Note, ...]:
    if not shares_clone_path(job, context, ground):
        return ()
    return (
        Note(
            "GIT_CLONE_PATH lies on a volume that other jobs use as well; put $CI_CONCURRENT_ID "
            "into it, or two jobs may work in one folder",
            "warning",
        ),
    )


def _debug_complaints(context: RunnerContext, ground: Ground) -> tuple[Note, ...]:
    asked = settings.read(settings.CI_DEBUG_TRACE, ground.reader)
    if not asked or not context.runner.debug_trace_disabled:
        return ()
    return (Note("CI_DEBUG_TRACE is ignored: this runner does not allow it", "warning"),)
