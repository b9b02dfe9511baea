"""Caches in a folder that outlives the job: `<cache>/<key>/cache.zip`. Never fatal."""

from __future__ import annotations

import os
from pathlib import Path

from podlane.core.plan.model import CacheKey, CacheSave
from podlane.helper import archive, artifacts
from podlane.helper.work import Work


def restore(work: Work) -> None:
    """Unpack, for each cache, the first of its keys that is there."""
    if not work.plan.restore:
        return
    with work.trace.section("restore_cache", "Restoring cache"):
        for item in work.plan.restore:
            for key in item.keys:
                work.trace.info(f"Checking cache for {key.name}...")
                if _restore(work, key):
                    work.trace.info("Successfully extracted cache")
                    break
                work.trace.warning("Failed to extract cache")


def _restore(work: Work, key: CacheKey) -> bool:
    source = _file(work, key)
    if not source.is_file():
        work.trace.plain("No cache under this key")
        return False
    try:
        archive.unpack(source, Path(work.plan.places.project))
    except (archive.BadArchive, OSError) as error:
        work.trace.plain(f"{key.name}: {error}")
        return False
    return True


def save(work: Work, *, has_failed: bool) -> None:
    """Keep what is to be kept of a job that went so."""
    fits = ("on_failure", "always") if has_failed else ("on_success", "always")
    wanted = [item for item in work.plan.save if item.when in fits]
    if not wanted or work.reporter.is_stopped:
        return
    name = "archive_cache_on_failure" if has_failed else "archive_cache"
    title = f"Saving cache for {'failed' if has_failed else 'successful'} job"
    with work.trace.section(name, title):
        for item in wanted:
            work.trace.info(f"Creating cache {item.key.name}...")
            _save(work, item)


def _save(work: Work, item: CacheSave) -> None:
    project = Path(work.plan.places.project)
    names = artifacts.select(work, item.paths, (), untracked=item.untracked)
    if not names:
        work.trace.warning("No files to cache.")
        return
    target = _file(work, item.key)
    if target.is_file() and _is_newer(target, project, names):
        work.trace.plain("Archive is up to date!")
        return
    fresh = target.with_name(f"cache.zip.{work.plan.job.id}")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        archive.pack(fresh, project, names)
        fresh.replace(target)
    except OSError as error:
        fresh.unlink(missing_ok=True)
        work.trace.warning(f"Failed to create cache: {error}")
        return
    work.trace.info("Created cache")


def _is_newer(target: Path, project: Path, names: list[str]) -> bool:
    """Whether nothing has changed since the archive was written, and it holds just these names."""
    made = target.stat().st_mtime
    try:
        if any((project / name).lstat().st_mtime > made for name in names):
            return False
        return archive.names(target) == set(names)
    except (OSError, archive.BadArchive):
        return False


def _file(work: Work, key: CacheKey) -> Path:
    """The archive of a key; the plan has taken care that it lies below the cache's folder."""
    path = Path(os.path.normpath(Path(work.plan.places.cache) / key.path / "cache.zip"))
    assert path.is_relative_to(work.plan.places.cache)
    return path
