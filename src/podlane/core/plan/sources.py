"""The git work of the job: strategy, depth, flags, submodules, hooks."""

from __future__ import annotations

import re
from typing import Literal, cast

from podlane.core.job.payload import Job
from podlane.core.plan import settings
from podlane.core.plan.context import RunnerContext
from podlane.core.plan.git_urls import repository_url, rewrites, servers
from podlane.core.plan.model import Sources
from podlane.core.plan.resolve import Ground, strategy
from podlane.core.plan.scripts import commands, script_text
from podlane.core.plan.settings import read
from podlane.core.text.duration import parse_duration
from podlane.errors import JobRefused

_NO_REPOSITORY = ("none", "empty")
_ODD = re.compile(r"^-|[\x01-\x20\x7f]")

Submodules = Literal["none", "normal", "recursive"]


def sources(job: Job, context: RunnerContext, ground: Ground) -> Sources:
    known, git, flags, runner = ground.reader, job.git_info, ground.flags, context.runner
    submodule_depth = read(settings.GIT_SUBMODULE_DEPTH, known)
    _refuse_odd_words(job)
    return Sources(
        strategy=strategy(job, ground.reader),
        url=repository_url(job, context, ground),
        sha=git.sha,
        ref=git.ref,
        refspecs=git.refspecs,
        depth=max(git.depth, 0),
        object_format=git.repo_object_format or "sha1",
        is_named_whole=git.ref.startswith("refs/"),
        with_checkout=read(settings.GIT_CHECKOUT, known),
        clean_flags=read(settings.GIT_CLEAN_FLAGS, known),
        fetch_flags=read(settings.GIT_FETCH_EXTRA_FLAGS, known),
        clone_flags=read(settings.GIT_CLONE_EXTRA_FLAGS, known),
        with_native_clone=flags["FF_USE_GIT_NATIVE_CLONE"],
        servers=servers(job, context, ground),
        rewrites=rewrites(job, context, ground),
        submodules=cast(Submodules, read(settings.GIT_SUBMODULE_STRATEGY, known)),
        submodule_depth=max(git.depth, 0) if submodule_depth < 0 else submodule_depth,
        submodule_paths=_submodule_paths(ground),
        submodule_update_flags=read(settings.GIT_SUBMODULE_UPDATE_FLAGS, known),
        with_lfs=not read(settings.GIT_LFS_SKIP_SMUDGE, known),
        attempts=read(settings.GET_SOURCES_ATTEMPTS, known),
        backs_off=flags["FF_USE_EXPONENTIAL_BACKOFF_STAGE_RETRY"],
        timeout=parse_duration(runner.get_sources_timeout or "0") or None,
        cleans_config=runner.clean_git_config,
        trusts_folders=runner.safe_directory_checkout,
        with_correlation=flags["FF_USE_GITALY_CORRELATION_ID"],
        with_bundles=flags["FF_USE_GIT_BUNDLE_URIS"],
        with_proactive_auth=flags["FF_USE_GIT_PROACTIVE_AUTH"],
        cleans_up=flags["FF_ENABLE_JOB_CLEANUP"],
        pre_script=_pre_script(job, context, ground),
        post_script=_post_script(job, context, ground),
    )


def _pre_script(job: Job, context: RunnerContext, ground: Ground) -> tuple[str, ...]:
    """The runner's own comes first."""
    if strategy(job, ground.reader) in _NO_REPOSITORY:
        return ()
    own = script_text(context.runner.pre_get_sources_script)
    return (*own, *_hook(job, "pre_get_sources_script"))


def _post_script(job: Job, context: RunnerContext, ground: Ground) -> tuple[str, ...]:
    """The runner's own comes last."""
    if strategy(job, ground.reader) in _NO_REPOSITORY:
        return ()
    own = script_text(context.runner.post_get_sources_script)
    return (*_hook(job, "post_get_sources_script"), *own)


def _hook(job: Job, name: str) -> tuple[str, ...]:
    return commands(tuple(line for hook in job.hooks if hook.name == name for line in hook.script))


def _submodule_paths(ground: Ground) -> tuple[str, ...]:
    paths = read(settings.GIT_SUBMODULE_PATHS, ground.reader)
    if ":(exclude)" in paths:
        raise JobRefused(
            "GIT_SUBMODULE_PATHS has an `:(exclude)` that excludes nothing",
            hint="write the path behind it without a blank: `:(exclude)path`",
            reference="submodule-paths",
            failure_reason="runner_configuration_error",
        )
    return paths


def _refuse_odd_words(job: Job) -> None:
    """These are handed to git as words: none may be taken for an option or two words."""
    for name, word in (("sha", job.git_info.sha), *(("refspec", r) for r in job.git_info.refspecs)):
        if _ODD.search(word):
            raise JobRefused(
                f"GitLab sent a {name} that git cannot be given",
                hint="no branch or commit of a project can be written so; look at the GitLab side",
                reference="git-word",
                failure_reason="runner_system_failure",
            )
