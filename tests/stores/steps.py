"""Runs the steps of a transfer, as the helper does, without a job."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

from podlane.clients.objectstore.answers import Found
from podlane.clients.objectstore.crew import Crew
from podlane.clients.objectstore.fetch import Fetch
from podlane.clients.objectstore.line import Line, Site
from podlane.clients.objectstore.upload import (
    InPieces,
    Source,
    Step,
    Stored,
    Way,
    Whole,
    put_signed,
)
from podlane.core.plan.store import Signed

SITE = Site(user_agent="podlane test")


def crew_of(site: Site = SITE) -> tuple[Crew, threading.Event]:
    done = threading.Event()
    return Crew(site, done.set), done


def run(step: Step, site: Site = SITE, seconds: float = 30) -> Crew:
    crew, done = crew_of(site)
    finish(crew, done, step, seconds)
    return crew


def finish(crew: Crew, done: threading.Event, step: Step, seconds: float = 30) -> None:
    done.clear()
    crew.start(*step)
    try:
        assert done.wait(seconds), "the step does not end"
    finally:
        if not crew.is_done:
            crew.cut()
    crew.finish()


def alone(call: Callable[[Line], object], site: Site = SITE) -> None:
    """One call, with a line of its own."""
    run((1, lambda line: void(call(line))), site)


def void(_: object) -> None:
    """Drop a value."""


def put(source: Path, signed: Signed, site: Site = SITE) -> Stored:
    return _upload(source, lambda crew, whole: Whole(crew, put_signed(signed), whole), site)


def put_pieces(source: Path, way: Way, site: Site = SITE) -> Stored:
    return _upload(source, lambda crew, whole: InPieces(crew, way, whole), site)


def get(
    target: Path,
    signed: Signed,
    is_wanted: Callable[[Found], bool] = lambda found: True,
    site: Site = SITE,
) -> Found:
    crew, done = crew_of(site)
    with target.open("w+b") as file:
        fetch = Fetch(crew, signed, file.fileno(), is_wanted)
        finish(crew, done, (1, fetch.begin))
    assert fetch.found is not None
    return fetch.found


def _upload(source: Path, make: Callable[[Crew, Source], Whole | InPieces], site: Site) -> Stored:
    crew, done = crew_of(site)
    with source.open("rb") as file:
        uploading = make(crew, Source(file.fileno(), source.stat().st_size))
        for step in uploading.steps():
            finish(crew, done, step)
    return uploading.stored
