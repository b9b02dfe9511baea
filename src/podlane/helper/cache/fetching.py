"""Brings the newest object of a key to the cache's folder, unless what is there is as new."""

from __future__ import annotations

from typing import TYPE_CHECKING

from podlane.core.plan.store import StoreObject
from podlane.errors import Gone, ServiceError
from podlane.helper.cache.place import Place
from podlane.helper.cache.transfer import Porter, TooSlow, explain
from podlane.helper.progress import Progress, megabytes, pace
from podlane.helper.work import Work

if TYPE_CHECKING:
    from podlane.clients.objectstore.answers import Found
    from podlane.clients.objectstore.crew import Crew
    from podlane.clients.objectstore.line import Line

_MOST_CHANGES = 3


class Unusable(Exception):
    """There may be something, but it could not be had or taken apart; the message says why."""


class Fetching:
    """Brings the newest object of a key to its place, unless what is there is as new."""

    def __init__(self, work: Work, place: Place, porter: Porter, silent: set[str]) -> None:
        """`silent`: hosts that have not answered; a new one is added."""
        self._work = work
        self._place = place
        self._porter = porter
        self._silent = silent

    def run(self) -> str:
        """What is to be said of the transfer. A store that cannot be asked leaves the local
        archive to be used; without one that is Unusable."""
        try:
            found = self._newest()
            return self._fetch(found) if found is not None else ""
        except (ServiceError, TooSlow, Unusable) as error:
            if isinstance(error, TooSlow):
                self._silent.update(_host(one) for one in self._place.key.objects if one.get)
            said = f"The shared cache cannot be read: {explain(error, self._place.key.objects)}"
            if getattr(error, "status", 0) == 403:
                said += " (S3 says so too of what is not there, where s3:ListBucket is not allowed)"
            if not self._place.modified():
                raise Unusable(said) from error
            self._work.trace.warning(said)
            return "The archive in the cache's folder is used. "

    def _newest(self) -> StoreObject | None:
        """The one object, or of several the one written last."""
        objects = [one for one in self._place.key.objects if one.get is not None]
        self._check_silent(objects)
        if len(objects) < 2:
            return objects[0] if objects else None
        seen: dict[int, Found] = {}
        trouble: list[ServiceError] = []
        numbers = iter(range(len(objects)))
        crew = self._porter.crew()

        def ask(line: Line) -> None:
            number = next(numbers)
            try:
                found = look(crew, line, objects[number])
            except ServiceError as error:
                trouble.append(error)
            else:
                seen.update({number: found} if found is not None else {})

        self._porter.run(crew, (len(objects), ask))
        if not seen and trouble:
            raise self._noted(trouble[0], objects[0])
        return objects[max(seen, key=lambda number: seen[number].modified)] if seen else None

    def _check_silent(self, objects: list[StoreObject]) -> None:
        hosts = {_host(one) for one in objects}
        if hosts and hosts <= self._silent:
            raise Unusable(f"{min(hosts)} has not answered in time before and is not asked again")

    def _noted(self, error: ServiceError, one: StoreObject) -> ServiceError:
        if error.details == "silent":
            self._silent.add(_host(one))
        return error

    def _fetch(self, one: StoreObject) -> str:
        from podlane.clients.objectstore.fetch import Changed

        self._place.prepare()
        for rest in reversed(range(_MOST_CHANGES)):
            try:
                return self._fetch_once(one)
            except Gone:
                return ""
            except ServiceError as error:
                raise self._noted(error, one) from error
            except Changed as error:
                if not rest:
                    said = "it was replaced again and again while it was read"
                    raise Unusable(said) from error
                self._work.trace.plain("The cache was replaced while it was read: once more")
        raise AssertionError("not reached")

    def _fetch_once(self, one: StoreObject) -> str:
        from podlane.clients.objectstore.fetch import Fetch, NotWanted

        assert one.get is not None
        host = _host(one)
        local = self._place.modified()

        def is_wanted(found: Found) -> bool:
            progress.size = found.size
            return not (local and found.modified and local >= found.modified)

        progress = Progress(self._work, "Downloading cache:")
        with self._place.fresh.open("w+b") as file:
            crew = self._porter.crew()
            fetch = Fetch(crew, one.get, file.fileno(), is_wanted)
            try:
                self._porter.run(crew, (1, fetch.begin), progress)
            except NotWanted:
                return "cache.zip is up to date. "
            found = fetch.found
            assert found is not None
            self._place.keep_fresh()
            self._place.note_object(file.fileno(), one.name, found.etag, found.modified)
        size = found.size or 0
        return f"Downloaded {megabytes(size)} from {host} in {pace(size, progress.seconds())}. "


def look(crew: Crew, line: Line, one: StoreObject) -> Found | None:
    """What an object is, asked by the way the plan offers; None when it is not there."""
    from podlane.clients.objectstore import fetch, upload

    signed, method = (one.head, "HEAD") if one.head is not None else (one.get, "GET")
    if signed is None:
        return None
    try:
        return upload.again(crew, lambda: fetch.look(line, signed, method))
    except Gone:
        return None


def _host(one: StoreObject) -> str:
    from podlane.clients.objectstore.upload import host_of

    assert one.get is not None
    return host_of(one.get.url.reveal())
