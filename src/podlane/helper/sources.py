"""The working copy: made or made anew, fetched, checked out, in as many attempts as asked for.

The job token reaches git by its environment alone (`core.plan.git_config`), so it stands on no
command line and in no file, and `git fetch` in a user's script works as well.
"""

from __future__ import annotations

import errno
import os
import time
from pathlib import Path

from podlane.core.job.outcome import FailureReason, failed
from podlane.core.plan import step
from podlane.core.plan.model import JobPlan, Sources
from podlane.helper import checkout, folders, submodules
from podlane.helper.git import Git, GitFailed
from podlane.helper.work import StageFailed, Work, wait_until

_NO_REPOSITORY = ("none", "empty")


def run(work: Work) -> None:
    """Bring the working copy to the job's commit, in as many attempts as the job asks for."""
    sources = work.plan.sources
    with work.trace.section("get_sources", "Getting source from Git repository"):
        git = Git(work)
        if git.correlation and sources.strategy not in _NO_REPOSITORY:
            work.trace.info(f"Gitaly correlation ID: {git.correlation}")
        for attempt in range(1, sources.attempts + 1):
            try:
                _get(git, work.plan, sources)
            except StageFailed as failure:
                if attempt == sources.attempts or not _can_be_repeated(failure):
                    raise
                _pause(work, failure, attempt)
                folders.empty(Path(work.plan.places.project), but=(".git",))
            else:
                return


def clean_up(work: Work) -> None:
    """FF_ENABLE_JOB_CLEANUP: leave the working copy clean, or none where it is made each time."""
    plan, sources = work.plan, work.plan.sources
    project = Path(plan.places.project)
    if not sources.cleans_up or sources.strategy == "none" or not project.exists():
        return
    try:
        if sources.strategy == "fetch" and (project / ".git").exists():
            git = Git(work)
            git.until = None
            submodules.clean(git, project, sources)
            git.run(project, "reset", "--hard", "--quiet")
        else:
            folders.empty(project)
    except (OSError, StageFailed) as error:
        work.trace.warning(f"the working copy could not be cleaned up: {error}")


def _can_be_repeated(failure: StageFailed) -> bool:
    return isinstance(failure, (GitFailed, _HookFailed))


class _HookFailed(StageFailed):
    """A hook of the config or the job failed."""


def _pause(work: Work, failure: StageFailed, attempt: int) -> None:
    sources = work.plan.sources
    work.trace.warning(f"{failure.message}. Retrying...")
    first, longest = (5.0, 300.0) if sources.backs_off else (1.0, 5.0)
    until = time.monotonic() + min(first * 2 ** (attempt - 1), longest)
    wait_until(work, lambda: work.reporter.is_canceling, until)
    work.check()


def _get(git: Git, plan: JobPlan, sources: Sources) -> None:
    project, builds = Path(plan.places.project), Path(plan.places.builds)
    try:
        folders.make_real(builds, project)
        if sources.strategy in _NO_REPOSITORY:
            _without_git(git.work, sources, project)
            return
        _hook(git, builds, sources.pre_script)
        _bring(git, sources, project)
        _hook(git, project, sources.post_script)
    except OSError as error:
        raise unwritable(error) from error


def unwritable(error: OSError) -> StageFailed:
    hint = "is there room on the disk of `builds_dir`?"
    if error.errno in (errno.EACCES, errno.EPERM):
        hint = (
            f"the helper, user {os.geteuid()}, may not write to `builds_dir`: a volume that is "
            "mounted there needs `fs_group` in [runners.kubernetes.pod_security_context], or an "
            "owner of that number"
        )
    return StageFailed(
        failed(FailureReason.RUNNER_SYSTEM_FAILURE),
        f"the working copy cannot be written: {error}",
        hint,
    )


def _bring(git: Git, sources: Sources, project: Path) -> None:
    """A working copy that an earlier job left and that git cannot use is made anew, once."""
    if sources.strategy == "clone":
        folders.empty(project)
    try:
        is_reused = checkout.fetch(git, sources, project)
        _check_out(git, sources, project, is_reused=is_reused)
    except GitFailed as failure:
        if failure.is_outside or not (project / ".git/podlane-had").exists():
            raise
        git.work.trace.warning(
            f"{failure.message}. What an earlier job left here is of no use; it is made anew"
        )
        folders.empty(project)
        checkout.fetch(git, sources, project)
        _check_out(git, sources, project, is_reused=False)


def _check_out(git: Git, sources: Sources, project: Path, *, is_reused: bool) -> None:
    if not sources.with_checkout:
        git.work.trace.info("Skipping Git checkout")
        return
    checkout.check_out(git, sources, project, is_reused=is_reused)
    submodules.run(git, sources, project, is_reused=is_reused)


def _without_git(work: Work, sources: Sources, project: Path) -> None:
    if sources.strategy == "empty":
        work.trace.info("Skipping Git repository setup and creating an empty build directory")
        folders.empty(project)
    else:
        work.trace.info("Skipping Git repository setup")
    work.trace.info("Skipping Git checkout")
    work.trace.info("Skipping Git submodules setup")


def _hook(git: Git, folder: Path, commands: tuple[str, ...]) -> None:
    """Run a hook of the config or the job in the helper's own container."""
    if not commands:
        return
    import shutil

    text = step.render_step({}, commands, folder=str(folder))
    status = git.program([shutil.which("bash") or "sh", "-c", text], folder)
    if status:
        raise _HookFailed(
            failed(FailureReason.SCRIPT_FAILURE, status),
            f"a get_sources hook ended with exit code {status}",
        )
