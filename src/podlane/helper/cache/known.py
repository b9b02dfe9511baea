"""Whether what would be saved is there already: in the cache's folder, and in the store.

A job that restored its cache has the archive; its content is compared with the working copy, and
the store is asked whether its object is still that one. A job that did not (`policy: push`) reads
the end of the object, which tells what it holds.
"""

from __future__ import annotations

import contextlib
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from podlane.core.plan.store import StoreObject
from podlane.errors import ServiceError
from podlane.helper.cache import content
from podlane.helper.cache.fetching import look
from podlane.helper.cache.place import Place
from podlane.helper.cache.transfer import Porter
from podlane.helper.progress import Progress
from podlane.helper.work import Work

if TYPE_CHECKING:
    from podlane.clients.objectstore.answers import Found
    from podlane.clients.objectstore.line import Line

_ENDING = 2 * 1024 * 1024  # enough for a list of some 15,000 files


class Known:
    def __init__(self, work: Work, place: Place, porter: Porter, names: list[str]) -> None:
        self._work = work
        self._place = place
        self._porter = porter
        self._names = names
        self._object = next(iter(place.key.objects), None)

    @cached_property
    def is_packed(self) -> bool:
        """Whether the archive in the cache's folder holds just what would be packed now."""
        if not self._place.modified():
            return False
        held = content.of_archive(self._place.archive)
        return held is not None and held == self._now

    def is_stored(self) -> bool:
        """Whether nothing is left to do. A store that cannot be asked says no."""
        one = self._object
        if one is None:
            return self.is_packed
        with contextlib.suppress(ServiceError):
            if self.is_packed:
                etag = self._place.etag_of(one.name)
                found = self._look(one) if etag else None
                return found is not None and found.etag == etag
            if not self._place.modified():
                return self._ending_tells(one)
        return False

    @cached_property
    def _now(self) -> bytes | None:
        project = Path(self._work.plan.places.project)
        step = Progress(self._work, "Comparing cache:").step(self._work.check)
        return content.of_project(project, self._names, step)

    def _look(self, one: StoreObject) -> Found | None:
        found: list[Found | None] = []
        crew = self._porter.crew()
        self._porter.run(crew, (1, lambda line: found.append(look(crew, line, one))))
        return found[0]

    def _ending_tells(self, one: StoreObject) -> bool:
        from podlane.clients.objectstore import fetch

        signed = one.get
        found = self._look(one) if signed is not None else None
        if signed is None or found is None or not found.size:
            return False
        with self._place.fresh.open("w+b") as file:

            def copy(line: Line) -> None:
                fetch.copy_end(line, signed, file.fileno(), found, _ENDING)

            self._porter.run(self._porter.crew(), (1, copy))
        held = content.of_archive(self._place.fresh)
        return held is not None and held == self._now
