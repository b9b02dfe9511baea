"""The user's scripts: handed to the build container through the lane, watched, stopped in time."""

from __future__ import annotations

import time
from collections.abc import Callable

from podlane.core.job.outcome import FailureReason, failed
from podlane.core.plan import git_config, pwsh, step
from podlane.core.plan.model import Script
from podlane.helper import files
from podlane.helper.lane import LaneLost
from podlane.helper.work import (
    Deferred,
    JobStopped,
    StageFailed,
    Work,
    go_duration,
    timed_out,
)

AFTER_SCRIPT = "after_script"
_KILL_SECONDS = 10.0


def run_steps(work: Work) -> None:
    """Run each step; the first that fails ends them. StageFailed, JobStopped or Deferred."""
    limit = work.plan.limits.script
    until = None if limit is None else time.monotonic() + limit
    for script in work.plan.scripts:
        work.ask()
        title = f'Executing "{script.section}" stage of the job script'
        with work.trace.section(script.section, title):
            if work.reporter.is_canceling:
                raise _canceled(work)
            _run(work, script, until, lambda: work.reporter.is_canceling)


def run_after_script(work: Work, script: Script) -> None:
    """Run after_script in a time of its own. Its failure is a warning only."""
    work.ask()
    until = time.monotonic() + work.plan.limits.after_script
    with work.trace.section(AFTER_SCRIPT, "Running after_script"):
        try:
            _run(work, script, until, lambda: False)
        except StageFailed as failure:
            if work.plan.after_script_counts:
                raise
            work.trace.warning(f"after_script failed, but job will continue: {failure.message}")


def _run(work: Work, script: Script, until: float | None, is_unwanted: Callable[[], bool]) -> None:
    plan = work.plan
    text = _text(work, script)
    umask = "umask 0002\n" if files.is_shared_by_group(work.hello) else ""
    work.trace.be_eager()
    work.meter.step_began()
    status = None
    try:
        work.has_begun = True
        work.lane.start(text, shell=plan.shell, before=umask)
        status = _wait(work, until, is_unwanted)
        why = None if status is not None else _why(work, script, is_unwanted)
        if why is not None:
            _stop(work)
            raise why
    except (LaneLost, OSError) as error:
        work.meter.step_lost()
        raise Deferred from error
    finally:
        work.meter.step_ended(status)
    if status:
        if work.terminated_at:
            raise work.interrupted(status)
        raise StageFailed(
            failed(FailureReason.SCRIPT_FAILURE, status),
            f"command terminated with exit code {status}",
        )


def _text(work: Work, script: Script) -> str:
    plan = work.plan
    variables = step.environment(plan, (("CI_JOB_STATUS", work.status),))
    look = step.Look(
        title="Running after script..." if script.section == AFTER_SCRIPT else "",
        folds=script.folds,
        home=step.home(plan),
        is_debug=plan.trace.is_debug,
        with_checks=plan.with_exit_checks,
    )
    render = pwsh.render_pwsh if plan.shell == "pwsh" else step.render_step
    return render(
        variables | git_config.script_environment(plan),
        script.commands,
        folder=plan.places.project,
        look=look,
    )


def _wait(work: Work, until: float | None, is_unwanted: Callable[[], bool]) -> int | None:
    """The exit status, or None when the step must be stopped."""
    while True:
        limit = work.until(until)
        status = work.lane.ended(limit)
        if status is not None:
            return status
        work.clear_wake()
        late = time.monotonic() >= limit
        if late or work.reporter.is_stopped or is_unwanted() or work.grace_is_over():
            return None


def _stop(work: Work) -> None:
    """TERM, a time to end well, KILL. KILL always follows: a TERM in a step's first milliseconds
    can be lost. At the end of the pod's grace there is time for the last words only."""
    grace = 1.0 if work.reporter.is_stopped else work.plan.limits.stop_grace
    if work.grace_is_over():
        grace = 0.3
    work.lane.stop("term")
    until = time.monotonic() + grace
    status = None
    while status is None and time.monotonic() < until:
        status = work.lane.ended(min(until, time.monotonic() + 0.5))
        work.clear_wake()
    work.lane.stop("kill")
    until = time.monotonic() + _KILL_SECONDS
    while status is None and time.monotonic() < until:
        status = work.lane.ended(until)
        work.clear_wake()


def _why(work: Work, script: Script, is_unwanted: Callable[[], bool]) -> Exception:
    if work.reporter.is_stopped:
        return JobStopped()
    if is_unwanted():
        return _canceled(work)
    if work.grace_is_over():
        return work.interrupted()
    limits = work.plan.limits
    is_after = script.section == AFTER_SCRIPT
    work.status = work.status if is_after else "timedout"
    if time.monotonic() >= work.deadline:
        return timed_out(limits.job)
    key, most = ("RUNNER_SCRIPT_TIMEOUT", limits.script or limits.job)
    if is_after:
        key, most = ("RUNNER_AFTER_SCRIPT_TIMEOUT", limits.after_script)
    return StageFailed(
        failed(FailureReason.JOB_EXECUTION_TIMEOUT),
        f"{script.section} took longer than {key} allows: {go_duration(most)}",
    )


def _canceled(work: Work) -> StageFailed:
    work.status = "canceled"
    work.trace.warning("script canceled externally (UI, API)")
    return StageFailed(failed(FailureReason.UNKNOWN_FAILURE), "canceled")
