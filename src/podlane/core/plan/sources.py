"""The git work of the job: strategy, depth, flags, submodules, hooks."""

from __future__ import annotations

import re
from typing import Literal, cast
from urllib.parse import urlsplit, urlunsplit

from podlane.core.job.payload import Job
from podlane.core.plan import settings
from podlane.core.plan.context import RunnerContext
from podlane.core.plan.model import Sources
from podlane.core.plan.resolve import Ground
from podlane.core.plan.scripts import commands, script_text
from podlane.core.plan.settings import read
from podlane.errors import JobRefused

_NO_REPOSITORY = ("none", "empty")
_ODD = re.compile(r"^-|[\x01-\x20\x7f]")

Strategy = Literal["clone", "fetch", "none", "empty"]
Submodules = Literal["none", "normal", "recursive"]


def sources(job: Job, context: RunnerContext, ground: Ground) -> Sources:
    known, git = ground.reader, job.git_info
    submodule_depth = read(settings.GIT_SUBMODULE_DEPTH, known)
    _refuse_odd_words(job)
    return Sources(
        strategy=_strategy(job, ground),
        url=repository_url(job, context, ground),
        sha=git.sha,
        ref=git.ref,
        refspecs=git.refspecs,
        depth=max(git.depth, 0),
        object_format=git.repo_object_format or "sha1",
        with_checkout=read(settings.GIT_CHECKOUT, known),
        clean_flags=read(settings.GIT_CLEAN_FLAGS, known),
        fetch_flags=read(settings.GIT_FETCH_EXTRA_FLAGS, known),
        submodules=cast(Submodules, read(settings.GIT_SUBMODULE_STRATEGY, known)),
        submodule_depth=max(git.depth, 0) if submodule_depth < 0 else submodule_depth,
        submodule_paths=read(settings.GIT_SUBMODULE_PATHS, known),
        submodule_update_flags=read(settings.GIT_SUBMODULE_UPDATE_FLAGS, known),
        submodule_force_https=read(settings.GIT_SUBMODULE_FORCE_HTTPS, known),
        with_lfs=not read(settings.GIT_LFS_SKIP_SMUDGE, known),
        attempts=read(settings.GET_SOURCES_ATTEMPTS, known),
        pre_script=_pre_script(job, context, ground),
        post_script=_post_script(job, context, ground),
    )


def repository_url(job: Job, context: RunnerContext, ground: Ground) -> str:
    """The repository's URL as the runner reaches it, without credentials."""
    url = without_credentials(job.git_info.repo_url.reveal())
    base = urlsplit(without_credentials(context.runner.clone_url))
    path = ground.reader.get("CI_PROJECT_PATH") or job.job_info.project_full_path
    if not base.scheme or not path:
        return url
    return urlunsplit((base.scheme, base.netloc, f"{base.path.rstrip('/')}/{path}.git", "", ""))


def without_credentials(url: str) -> str:
    scheme, mark, rest = url.partition("://")
    if not mark:
        return url
    host, slash, path = rest.partition("/")
    return f"{scheme}://{host.rpartition('@')[2]}{slash}{path}"


def _strategy(job: Job, ground: Ground) -> Strategy:
    default = "fetch" if job.allow_git_fetch else "clone"
    return cast(Strategy, read(settings.GIT_STRATEGY, ground.reader) or default)


def _pre_script(job: Job, context: RunnerContext, ground: Ground) -> tuple[str, ...]:
    """The runner's own comes first."""
    if _strategy(job, ground) in _NO_REPOSITORY:
        return ()
    own = script_text(context.runner.pre_get_sources_script)
    return (*own, *_hook(job, "pre_get_sources_script"))


def _post_script(job: Job, context: RunnerContext, ground: Ground) -> tuple[str, ...]:
    """The runner's own comes last."""
    if _strategy(job, ground) in _NO_REPOSITORY:
        return ()
    own = script_text(context.runner.post_get_sources_script)
    return (*_hook(job, "post_get_sources_script"), *own)


def _hook(job: Job, name: str) -> tuple[str, ...]:
    return commands(tuple(line for hook in job.hooks if hook.name == name for line in hook.script))


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
