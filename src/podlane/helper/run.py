"""The stages of one job, in GitLab's order, and which error wins.

Sources, caches and artifacts that cannot be had skip the scripts and after_script; what is to be
kept on failure is kept all the same. A script's error beats that of a later stage.
"""

from __future__ import annotations

import os
from pathlib import Path

from podlane.core.job.outcome import SUCCESS, FailureReason, Outcome, failed
from podlane.core.plan.model import JobPlan
from podlane.core.trace import usage
from podlane.helper import artifacts, cache, files, scripts, secrets, services, sources, stay, tell
from podlane.helper.lane import LaneLost
from podlane.helper.pod_events import PodEvents
from podlane.helper.work import (
    Deferred,
    JobStopped,
    StageFailed,
    Work,
    go_duration,
)


def run(work: Work) -> Outcome:
    """Run all stages and return the outcome. JobStopped and Deferred pass through."""
    failure: StageFailed | None = None
    lost: Deferred | None = None
    try:
        _prepare(work)
        _fetch(work)
    except StageFailed as error:
        failure = _blamed(work, error)
    except Deferred:
        files.remove_files(work.plan)
        raise  # nothing has run, so nothing is kept: there may be another attempt
    else:
        failure, lost = _scripts(work)
    if not work.must_end():
        if lost is None or Path(work.plan.places.project).exists():
            failure = _keep(work, failure, is_lost=lost is not None)
        sources.clean_up(work)
    files.remove_files(work.plan)
    if lost is not None:
        _report(work)
        _tell_of_memory(work)
        raise lost
    services.report_ends(work, has_failed=failure is not None)
    return _close(work, failure)


def _prepare(work: Work) -> None:
    plan, trace = work.plan, work.trace
    said = {"info": trace.info, "warning": trace.warning}
    for note in plan.notes:
        if note.kind == "header":
            trace.plain(note.text)
    with trace.section("prepare_executor", 'Preparing the "kubernetes" executor'):
        for note in plan.notes:
            if note.kind != "header":
                said.get(note.kind, trace.plain)(note.text)
    secrets.run(work)
    with trace.section("prepare_script", "Preparing environment"):
        via = f" via {plan.manager}" if plan.manager else ""
        trace.plain(f"Running on {os.uname().nodename}{via}...")
        try:
            files.write_files(work.plan)
        except OSError as error:
            raise sources.unwritable(error) from error


def _fetch(work: Work) -> None:
    """All that comes before the scripts; the build container starts meanwhile."""
    sources.run(work)
    cache.restore(work)
    artifacts.download(work)
    _meet_build_container(work)
    services.wait(work)
    work.check()


def _meet_build_container(work: Work) -> None:
    """Wait for the loop's hello, and give the working copy to whoever runs the scripts."""
    limits = work.plan.limits
    until = work.started + min(limits.hello, limits.prepare or limits.hello)
    events = PodEvents(work)

    def is_over() -> bool:
        events.show()
        return _is_over(work)

    try:
        work.hello = work.lane.hello(work.until(until), is_over)
    except LaneLost as error:
        raise Deferred from error
    if work.hello is None:
        work.check()
        if tell.read(work.plan).defer:
            raise Deferred
        raise _no_hello(work.plan)
    events.show_rest()
    files.hand_over(work.plan, work.hello)


def _is_over(work: Work) -> bool:
    work.clear_wake()
    heard = work.reporter.is_stopped or work.reporter.is_canceling
    return heard or work.must_end() or bool(tell.read_aloud(work).defer)


def _no_hello(plan: JobPlan) -> StageFailed:
    """The build container's silence, in our words: the cluster has nothing to say about it."""
    limits = plan.limits
    if limits.prepare is not None and limits.prepare < limits.hello:
        return StageFailed(
            failed(FailureReason.JOB_EXECUTION_TIMEOUT),
            f"prepare timeout: the build container ({plan.image}) was not ready within "
            f"{go_duration(limits.prepare)}",
            "`prepare_timeout` of the runner is how long podlane waits in all",
        )
    if plan.entrypoint is None:
        return StageFailed(
            failed(FailureReason.RUNNER_SYSTEM_FAILURE),
            f"the build container ({plan.image}) did not start within "
            f"{plan.limits.hello:.0f} seconds",
            "is the image large, or the registry slow? `poll_timeout` is how long podlane waits",
        )
    return StageFailed(
        failed(FailureReason.RUNNER_CONFIGURATION_ERROR),
        f"timed out: the entrypoint of {plan.image} has not started the shell within "
        f"{plan.limits.hello:.0f} seconds",
        'an entrypoint that is kept must end in `exec "$@"`; write `entrypoint: [""]` under '
        "`image:`, or leave FF_KUBERNETES_HONOR_ENTRYPOINT off",
        "if it needs longer, or the image is large: `poll_timeout` is how long podlane waits",
    )


def _scripts(work: Work) -> tuple[StageFailed | None, Deferred | None]:
    failure: StageFailed | None = None
    try:
        scripts.run_steps(work)
        work.status = "success"
    except StageFailed as error:
        failure = error
        work.status = "failed" if work.status == "running" else work.status
    except Deferred as error:
        return None, error
    if work.plan.after_script is not None and not work.is_over():
        try:
            scripts.run_after_script(work, work.plan.after_script)
        except StageFailed as error:
            failure = failure or error
        except Deferred as error:
            return failure, None if failure is not None else error
    return failure, None


def _keep(work: Work, failure: StageFailed | None, *, is_lost: bool) -> StageFailed | None:
    """Save caches and upload artifacts, as the end of the job so far asks for."""
    has_failed = failure is not None or is_lost
    try:
        cache.save(work, has_failed=has_failed)
        artifacts.upload(work, has_failed=has_failed)
    except StageFailed as error:
        return failure or _blamed(work, error)
    return failure


def _blamed(work: Work, failure: StageFailed) -> StageFailed:
    """What fails after the pod was told to end is not the job's fault."""
    is_script = failure.outcome.failure_reason is FailureReason.SCRIPT_FAILURE
    is_late = bool(work.terminated_at) and is_script
    return work.interrupted(failure.outcome.exit_code) if is_late else failure


def _close(work: Work, failure: StageFailed | None) -> Outcome:
    if work.reporter.is_stopped:
        raise JobStopped
    _report(work)
    if failure is None:
        _tell_of_memory(work)
        work.trace.info("Job succeeded")
        return SUCCESS
    kind = failure.outcome.failure_reason
    is_system = kind is FailureReason.RUNNER_SYSTEM_FAILURE
    work.trace.error(f"Job failed{' (system failure)' if is_system else ''}: {failure.message}")
    for hint in failure.hints:
        work.trace.plain(f"hint: {hint}")
    for line in work.meter.sentences():
        work.trace.plain(line)
    stay.stay(work)
    return failure.outcome


def _tell_of_memory(work: Work) -> None:
    """Say what is to be known of memory beside the outcome."""
    for line in work.meter.sentences():
        (work.trace.plain if line.startswith("hint: ") else work.trace.warning)(line)


def _report(work: Work) -> None:
    block = work.meter.block(work.hello)
    if block:
        images = usage.images(tell.read(work.plan).images)
        with work.trace.section("resource_report", "Resource report"):
            for line in (*block, *images):
                work.trace.plain(line)
