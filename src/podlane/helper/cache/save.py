"""After the scripts: pack what is to be kept, into the cache's folder and from there to the store.

What equals the archive that is there is neither packed nor sent again.
"""

from __future__ import annotations

from pathlib import Path

from podlane.core.plan.model import CacheSave
from podlane.core.plan.store import S3Parts
from podlane.errors import ServiceError
from podlane.helper import archive, selection
from podlane.helper.cache import content
from podlane.helper.cache.known import Known
from podlane.helper.cache.place import Place
from podlane.helper.cache.send import Sender
from podlane.helper.cache.transfer import Porter, TooSlow, explain
from podlane.helper.progress import Progress, files, megabytes
from podlane.helper.work import Work


def save(work: Work, *, has_failed: bool) -> None:
    """Keep what is to be kept of a job that went so."""
    fits = ("on_failure", "always") if has_failed else ("on_success", "always")
    is_wanted = not (work.reporter.is_stopped or work.reporter.is_canceling)
    wanted = [item for item in work.plan.save if is_wanted and item.when in fits]
    for item in work.plan.save:
        if item not in wanted:
            _let_go(work, item)
    if not wanted:
        return
    name = "archive_cache_on_failure" if has_failed else "archive_cache"
    title = f"Saving cache for {'failed' if has_failed else 'successful'} job"
    with work.trace.section(name, title):
        for item in wanted:
            work.trace.info(f"Creating cache {item.key.name}...")
            _save(work, item)


def abandon(work: Work) -> None:
    """The job is over for GitLab: nothing is saved."""
    for item in work.plan.save:
        _let_go(work, item)


def _let_go(work: Work, item: CacheSave) -> None:
    """What the manager has opened for this cache is not to stay open."""
    for one in item.key.objects:
        if isinstance(one.pieces, S3Parts):
            Sender(work, Porter(work, item.timeout_seconds), one).let_go()


def _save(work: Work, item: CacheSave) -> None:
    saving = _Saving(work, item)
    try:
        saving.run()
    except (ServiceError, TooSlow) as error:
        work.trace.warning(f"Failed to create cache: {explain(error, item.key.objects)}")
    except OSError as error:
        work.trace.warning(f"Failed to create cache: {archive.reason(error)}")
    finally:
        saving.place.drop_fresh()
        if not saving.has_sent:
            _let_go(work, item)


class _Saving:
    def __init__(self, work: Work, item: CacheSave) -> None:
        self.place = Place(work, item.key)
        self.has_sent = False
        self._work = work
        self._item = item
        self._project = Path(work.plan.places.project)
        self._porter = Porter(work, item.timeout_seconds)
        self._object = next(iter(item.key.objects), None)

    def run(self) -> None:
        item, work = self._item, self._work
        names = selection.select(work, item.paths, (), untracked=item.untracked)
        if not names:
            work.trace.warning("No files to cache.")
            return
        self.place.prepare()
        known = Known(work, self.place, self._porter, names)
        if known.is_stored():
            work.trace.info("Archive is up to date!")
            return
        if not known.is_packed:
            self._pack(names)
        self._send()
        work.trace.info("Created cache")

    def _pack(self, names: list[str]) -> None:
        item, made = self._item, None
        progress = Progress(self._work, "Packing cache:")
        if item.format == "tarzstd":
            step = Progress(self._work, "Reading cache:").step(self._work.check)
            made = content.of_project(self._project, names, step)
            progress = Progress(self._work, "Packing cache:")
        packed = archive.pack(
            self.place.fresh,
            self._project,
            names,
            format=item.format,
            level=_level(item.level),
            progress=progress.step(self._work.check),
        )
        if made is not None:
            content.sign(self.place.fresh, made)
        for text in packed.warnings:
            self._work.trace.warning(text)
        self.place.keep_fresh()
        said = f"Packed {files(packed.files)}, {megabytes(progress.done)}, into"
        self._work.trace.plain(f"{said} {megabytes(packed.size)} in {progress.pace()}")

    def _send(self) -> None:
        """Raises what the transfer raises."""
        one, limit, trace = self._object, self._item.size_limit, self._work.trace
        size = self.place.archive.stat().st_size
        if one is None:
            trace.plain(
                "This job has no shared cache ([runners.cache]): the archive stays in "
                "its cache folder"
            )
        elif limit and size > limit:
            trace.warning(
                f"Cache archive size ({size}) is too big (MaxUploadedArchiveSize is {limit}): the "
                "archive stays in the cache's folder"
            )
        else:
            self.has_sent = True
            with self.place.archive.open("rb") as file:
                stored = Sender(self._work, self._porter, one).send(file.fileno())
                self.place.note_object(file.fileno(), one.name, stored.etag, stored.date)


def _level(word: str) -> archive.Level:
    match word:
        case "fastest" | "fast" | "slow" | "slowest":
            return word
        case _:
            return "default"
