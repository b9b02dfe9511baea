"""The caches of the job: which keys are tried, which are saved, and how a key becomes a path."""

from __future__ import annotations

import posixpath
import re
from typing import Literal

import msgspec

from podlane.core.job.payload import Cache, Job
from podlane.core.plan.model import CacheKey, CacheRestore, CacheSave, Note
from podlane.core.plan.resolve import Ground
from podlane.errors import JobRefused

_WRITTEN_SLASH = re.compile(r"\\|%2f", re.IGNORECASE)
_WRITTEN_DOT = re.compile(r"%2e", re.IGNORECASE)
_PROTECTED = "-protected"


class ResolvedCache(msgspec.Struct, frozen=True):
    """One cache with its keys as paths; an empty `key` means that nothing usable is left of it."""

    cache: Cache
    wanted: str
    key: str
    policy: str


def caches(job: Job, ground: Ground) -> tuple[ResolvedCache, ...]:
    """The caches that hold anything, in order. JobRefused for a policy that is none."""
    return tuple(_resolve(one, job, ground) for one in job.cache if one.paths or one.untracked)


def restore(found: tuple[ResolvedCache, ...], ground: Ground) -> tuple[CacheRestore, ...]:
    return tuple(
        CacheRestore(keys) for one in found if one.policy != "push" and (keys := _keys(one, ground))
    )


def save(found: tuple[ResolvedCache, ...]) -> tuple[CacheSave, ...]:
    return tuple(
        CacheSave(
            CacheKey(one.key, one.key), one.cache.paths, when(one.cache.when), one.cache.untracked
        )
        for one in found
        if one.policy != "pull" and one.key
    )


def complaints(found: tuple[ResolvedCache, ...], ground: Ground) -> tuple[Note, ...]:
    """What was done to keys, and which fallback is not tried."""
    notes = []
    for one in found:
        if not one.key:
            notes.append(f"Skipping cache {one.wanted[:200]!r}: nothing of its key can be a path")
        elif one.key != one.wanted:
            notes.append(f"Cache key {one.wanted[:200]!r} is used as {one.key[:200]!r}")
    fallback = ground.reader.get("CACHE_FALLBACK_KEY")
    if found and fallback and not _last_fallback(ground):
        notes.append(f"CACHE_FALLBACK_KEY is not used: it names a `{_PROTECTED}` cache or no path")
    return tuple(Note(text, "warning") for text in notes)


def sanitised(key: str) -> str:
    """Make a key a relative path that stays where it belongs; "" when nothing is left.

    Separators and dots written in other ways count as what they mean, `..` cannot leave, blanks
    at the end go.
    """
    key = _WRITTEN_DOT.sub(".", _WRITTEN_SLASH.sub("/", key))
    while True:
        cleaned = posixpath.normpath(f"/{key}").strip("/")
        if cleaned == cleaned.rstrip():
            return cleaned
        key = cleaned.rstrip()


def when(word: str) -> Literal["on_success", "on_failure", "always"]:
    match word:
        case "on_failure":
            return "on_failure"
        case "always":
            return "always"
        case _:
            return "on_success"


def _resolve(cache: Cache, job: Job, ground: Ground) -> ResolvedCache:
    default = f"{job.job_info.name}/{job.git_info.ref}"
    wanted = ground.reader.expand(cache.key, key="cache:key") or default
    policy = ground.reader.expand(cache.policy, key="cache:policy") or "pull-push"
    if policy not in ("pull-push", "pull", "push"):
        raise JobRefused(
            f"The job's cache has the policy {cache.policy[:100]!r}, which is none",
            hint="write `policy: pull-push`, `pull` or `push`",
            reference="cache-policy",
        )
    return ResolvedCache(cache, wanted, sanitised(wanted), policy)


def _keys(one: ResolvedCache, ground: Ground) -> tuple[CacheKey, ...]:
    expanded = (ground.reader.expand(key, key="fallback_keys") for key in one.cache.fallback_keys)
    keys = (one.key, *map(sanitised, expanded), _last_fallback(ground))
    return tuple(CacheKey(key, key) for key in dict.fromkeys(keys) if key)


def _last_fallback(ground: Ground) -> str:
    """The job's CACHE_FALLBACK_KEY: anyone may set it, so it must not reach protected caches."""
    key = sanitised(ground.reader.get("CACHE_FALLBACK_KEY"))
    return "" if key.rstrip(". \t\r\n").endswith(_PROTECTED) else key
