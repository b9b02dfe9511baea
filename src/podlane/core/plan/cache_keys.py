"""The keys of a job's caches: what is asked for, and what a key is called where.

A key has two names, so that both kinds of runner and both settings of FF_HASH_CACHE_KEYS find each
other's caches: itself, made harmless, and its hash. The flag says which one is written; a restore
looks for both, and the newer one counts.
"""

from __future__ import annotations

import hashlib
import posixpath
import re

import msgspec

from podlane.core.job.payload import Cache, Job
from podlane.core.plan.resolve import Ground
from podlane.errors import JobRefused

HASHED = "FF_HASH_CACHE_KEYS"
PROTECTED = "-protected"
_SHOWN = 500
_HASH = re.compile(r"(?:.*/)?[0-9a-f]{64}", re.DOTALL)
_WRITTEN_SLASH = re.compile(r"\\|%2f", re.IGNORECASE)
_WRITTEN_DOT = re.compile(r"%2e", re.IGNORECASE)


class Key(msgspec.Struct, frozen=True):
    """`shown` to people, `path` in cache_dir, `remotes` below the project's prefix in a bucket:
    the first is the one to write."""

    shown: str
    path: str
    remotes: tuple[str, ...]


class ResolvedCache(msgspec.Struct, frozen=True):
    """One cache with its keys; no `key` means that nothing usable is left of it."""

    cache: Cache
    wanted: str
    key: Key | None
    policy: str


def caches(job: Job, ground: Ground) -> tuple[ResolvedCache, ...]:
    """The caches that hold anything, in order. JobRefused for a policy that is none."""
    return tuple(_resolve(one, job, ground) for one in job.cache if one.paths or one.untracked)


def sanitised(key: str) -> str:
    """Make a key a relative path that stays where it belongs; "" when nothing is left.

    Separators and dots written in other ways count as what they mean, `..` cannot leave, blanks
    at the end go, and NUL, which no path can hold.
    """
    key = _WRITTEN_DOT.sub(".", _WRITTEN_SLASH.sub("/", key.replace("\0", "")))
    while True:
        cleaned = posixpath.normpath(f"/{key}").strip("/")
        if cleaned == cleaned.rstrip():
            return cleaned
        key = cleaned.rstrip()


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
    return ResolvedCache(cache, wanted, _key(wanted, ground), policy)


def _key(text: str, ground: Ground) -> Key | None:
    """Name a key; None when the scheme in force leaves nothing of it."""
    plain = sanitised(text)
    hashed = hashlib.sha256(text.encode()).hexdigest()
    sharded = f"{hashed[:2]}/{hashed}"
    if text and ground.flags.values.get(HASHED, False):
        return Key(text[:_SHOWN], hashed, (sharded, plain) if plain else (sharded,))
    return Key(plain[:_SHOWN], plain, (plain, sharded)) if plain else None


def tried(one: ResolvedCache, ground: Ground) -> tuple[Key, ...]:
    """The keys to try in order, each once."""
    expanded = (ground.reader.expand(key, key="fallback_keys") for key in one.cache.fallback_keys)
    keys = (one.key, *(_key(key, ground) for key in expanded), last_fallback(ground))
    return tuple({key.path: key for key in reversed(keys) if key}.values())[::-1]


def last_fallback(ground: Ground) -> Key | None:
    """The job's CACHE_FALLBACK_KEY: anyone may set it, so it must not reach protected caches,
    whether by their key or by what its hash is."""
    text = ground.reader.get("CACHE_FALLBACK_KEY")
    for named in (text, sanitised(text)):
        if named.rstrip(". \t\r\n").endswith(PROTECTED) or _HASH.fullmatch(named):
            return None
    return _key(text, ground)
