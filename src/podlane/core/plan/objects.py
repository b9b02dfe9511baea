"""Which objects of the runner's shared cache a job may ask for: what the manager has signed."""

from __future__ import annotations

import posixpath

from podlane.core.config.model import RunnerConfig
from podlane.core.job.payload import Job
from podlane.core.plan import cache_keys
from podlane.core.plan.cache_keys import Key
from podlane.core.plan.context import RunnerContext
from podlane.core.plan.resolve import Ground, timeout
from podlane.core.plan.store import Ask, Wanted, Window
from podlane.core.text.token import short_token

PARALLEL = "FF_USE_PARALLEL_CACHE_TRANSFER"
ONE_PUT = 5 * 1024**3
_MARGIN = 900  # from the job's time-out to the end of its last upload


def ask(job: Job, context: RunnerContext, ground: Ground, now: float) -> Ask:
    """Everything a store has to know of the job."""
    kubernetes = context.runner.kubernetes
    start = kubernetes.poll_timeout * max(1, len(kubernetes.pull_policy))
    limit = context.runner.cache.max_uploaded_archive_size
    return Ask(
        wanted=wanted(job, context, ground),
        window=Window(float(int(now)), timeout(job) + start + _MARGIN),
        with_pieces=wants_pieces(context, ground),
        size_limit=limit,
    )


def wanted(job: Job, context: RunnerContext, ground: Ground) -> tuple[Wanted, ...]:
    """The objects of a shared cache that the job may ask for, each once."""
    if not context.runner.cache.type:
        return ()
    prefix = object_prefix(job, context.runner)
    found: dict[str, Wanted] = {}

    def want(name: str, key: Key, *, is_read: bool = False, is_written: bool = False) -> None:
        known = found.get(name, Wanted(name, key.shown))
        found[name] = Wanted(
            name, known.key, known.is_read or is_read, known.is_written or is_written
        )

    for one in cache_keys.caches(job, ground):
        for key in cache_keys.tried(one, ground) if one.policy != "push" else ():
            for remote in key.remotes:
                want(f"{prefix}{remote}", key, is_read=True)
        if one.key and one.policy != "pull":
            name = f"{prefix}{one.key.remotes[0]}"
            want(name, one.key, is_read=one.policy == "push", is_written=True)
    return tuple(found.values())


def wants_pieces(context: RunnerContext, ground: Ground) -> bool:
    """Whether an upload in pieces is worth a request at the start of every job: somebody asked
    for it, or said that archives may pass what one PUT takes."""
    asked = ground.flags.values.get(PARALLEL, False)
    return asked or context.runner.cache.max_uploaded_archive_size > ONE_PUT


def object_prefix(job: Job, runner: RunnerConfig) -> str:
    own = "" if runner.cache.shared else f"runner/{short_token(runner.token)}"
    project = f"project/{job.job_info.project_id}"
    return posixpath.normpath(posixpath.join(runner.cache.path, own, project)) + "/"
