"""The caches of the job: which keys are tried, which are saved, with which objects of a store."""

from __future__ import annotations

from typing import Literal

import msgspec

from podlane.core.job.payload import Job
from podlane.core.plan import cache_keys, settings
from podlane.core.plan.cache_keys import Key, ResolvedCache
from podlane.core.plan.context import RunnerContext
from podlane.core.plan.model import CacheKey, CacheRestore, CacheSave, Note
from podlane.core.plan.objects import object_prefix
from podlane.core.plan.resolve import Ground
from podlane.core.plan.store import Shelf, StoreObject

_CLEAN_UP = "FF_CLEAN_UP_FAILED_CACHE_EXTRACT"


def restore(
    found: tuple[ResolvedCache, ...], job: Job, context: RunnerContext, ground: Ground
) -> tuple[CacheRestore, ...]:
    prefix = object_prefix(job, context.runner)
    return tuple(
        CacheRestore(
            tuple(_to_restore(key, prefix, context.shelf) for key in keys),
            timeout_seconds=settings.read(settings.CACHE_REQUEST_TIMEOUT, ground.reader),
            attempts=settings.read(settings.RESTORE_CACHE_ATTEMPTS, ground.reader),
            clean_paths=one.cache.paths if ground.flags.values.get(_CLEAN_UP, False) else (),
        )
        for one in found
        if one.policy != "push" and (keys := cache_keys.tried(one, ground))
    )


def save(
    found: tuple[ResolvedCache, ...], job: Job, context: RunnerContext, ground: Ground
) -> tuple[CacheSave, ...]:
    prefix = object_prefix(job, context.runner)
    return tuple(
        CacheSave(
            _to_save(one.key, prefix, context.shelf, with_get=one.policy == "push"),
            one.cache.paths,
            when(one.cache.when),
            one.cache.untracked,
            timeout_seconds=settings.read(settings.CACHE_REQUEST_TIMEOUT, ground.reader),
            format=settings.read(settings.CACHE_COMPRESSION_FORMAT, ground.reader),
            level=settings.read(settings.CACHE_COMPRESSION_LEVEL, ground.reader),
            size_limit=context.runner.cache.max_uploaded_archive_size,
        )
        for one in found
        if one.policy != "pull" and one.key
    )


def complaints(
    found: tuple[ResolvedCache, ...], context: RunnerContext, ground: Ground
) -> tuple[Note, ...]:
    """What was done to keys, which fallback is not tried, what the shared cache cannot do."""
    notes = []
    for one in found:
        if not one.key:
            notes.append(f"Skipping cache {one.wanted[:200]!r}: nothing of its key can be a path")
        elif one.key.shown != one.wanted:
            notes.append(f"Cache key {one.wanted[:200]!r} is used as {one.key.shown[:200]!r}")
    fallback = ground.reader.get("CACHE_FALLBACK_KEY")
    if found and fallback and not cache_keys.last_fallback(ground):
        notes.append(
            f"CACHE_FALLBACK_KEY is not used: it names a `{cache_keys.PROTECTED}` cache or no path"
        )
    return tuple(Note(text, "warning") for text in (*notes, *context.shelf.warnings))


def when(word: str) -> Literal["on_success", "on_failure", "always"]:
    match word:
        case "on_failure":
            return "on_failure"
        case "always":
            return "always"
        case _:
            return "on_success"


def _to_restore(key: Key, prefix: str, shelf: Shelf) -> CacheKey:
    found = (shelf.objects.get(f"{prefix}{remote}") for remote in key.remotes)
    kept = (one for one in found if one and one.get)
    return CacheKey(key.shown, key.path, tuple(map(_only_read, kept)))


def _to_save(key: Key, prefix: str, shelf: Shelf, *, with_get: bool) -> CacheKey:
    """`with_get`: a job that does not restore the cache reads what is there, so as not to send the
    same again."""
    found = shelf.objects.get(f"{prefix}{key.remotes[0]}")
    if found is None or found.put is None:
        return CacheKey(key.shown, key.path)
    get = found.get if with_get else None
    return CacheKey(key.shown, key.path, (msgspec.structs.replace(found, get=get),))


def _only_read(found: StoreObject) -> StoreObject:
    return StoreObject(found.name, found.expires_at, found.get, found.head)
