"""Before the scripts: unpack, for each cache, the first of its keys that is found."""

from __future__ import annotations

import contextlib
from pathlib import Path

from podlane.core.plan.model import CacheKey, CacheRestore
from podlane.core.text.parameters import expand_shell
from podlane.helper import archive
from podlane.helper.cache.fetching import Fetching, Unusable
from podlane.helper.cache.place import Place
from podlane.helper.cache.transfer import Porter
from podlane.helper.files import environment
from podlane.helper.progress import Progress, files, megabytes
from podlane.helper.work import Work


class NotHere(Exception):
    """There is nothing under this key."""


def restore(work: Work) -> None:
    if not work.plan.restore:
        return
    silent: set[str] = set()  # hosts that do not answer are not asked again and again
    with work.trace.section("restore_cache", "Restoring cache"):
        for item in work.plan.restore:
            for _ in range(max(1, item.attempts)):
                if _keys(work, item, silent) is not None:
                    break


def _keys(work: Work, item: CacheRestore, silent: set[str]) -> bool | None:
    """Whether one of the keys was found; None when another try may find more."""
    is_sure = True
    for key in item.keys:
        work.trace.info(f"Checking cache for {key.name}...")
        try:
            _key(work, item, key, silent)
        except NotHere as error:
            work.trace.plain(str(error))
        except Unusable as error:
            work.trace.warning(str(error))
            is_sure = False
        else:
            work.trace.info("Successfully extracted cache")
            return True
        work.trace.warning("Failed to extract cache")
    return False if is_sure else None


def _key(work: Work, item: CacheRestore, key: CacheKey, silent: set[str]) -> None:
    place = Place(work, key)
    try:
        fetching = Fetching(work, place, Porter(work, item.timeout_seconds), silent)
        fetched = fetching.run() if key.objects else ""
        if not place.modified():
            raise NotHere("No cache under this key")
        _unpack(work, item, place, fetched)
    except archive.BadArchive as error:
        if key.objects:
            place.forget()  # the next job may find a better one in the store
        raise Unusable(f"The cache {key.name} was refused: {error}") from error
    except OSError as error:
        raise Unusable(f"The cache {key.name}: {archive.reason(error)}") from error
    finally:
        place.drop_fresh()


def _unpack(work: Work, item: CacheRestore, place: Place, fetched: str) -> None:
    project, progress = Path(work.plan.places.project), Progress(work, "Extracting cache:")
    try:
        got = archive.unpack(place.archive, project, progress=progress.step(work.check))
    except (archive.BadArchive, OSError):
        _clean(work, item)
        raise
    for text in got.warnings:
        work.trace.warning(text)
    said = f"{fetched}Extracted {files(got.files)}, {megabytes(got.size)}, in {progress.pace()}"
    work.trace.plain(said)


def _clean(work: Work, item: CacheRestore) -> None:
    """Remove what the archive may have left half done, where the job asks for that."""
    project, env = Path(work.plan.places.project), environment(work.plan)
    for pattern in item.clean_paths:
        # what lies deepest comes last, and a folder can go when it is empty
        for name in reversed(archive.find(project, expand_shell(pattern, env)) or []):
            path = project / name
            with contextlib.suppress(OSError):
                path.rmdir() if path.is_dir() and not path.is_symlink() else path.unlink()
    if item.clean_paths:
        work.trace.plain("The cache's paths were removed (FF_CLEAN_UP_FAILED_CACHE_EXTRACT)")
