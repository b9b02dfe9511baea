"""Waits while a crew copies: shows how far it is, and ends it when the job or the time is over."""

from __future__ import annotations

import select
import time
from collections.abc import Callable, Iterable
from functools import cached_property
from typing import TYPE_CHECKING

from podlane import __version__
from podlane.core.plan.store import StoreObject
from podlane.helper.progress import Progress
from podlane.helper.work import Work

if TYPE_CHECKING:
    from podlane.clients.objectstore.crew import Crew
    from podlane.clients.objectstore.line import Line, Site


class TooSlow(Exception):
    """A transfer took longer than it may."""


class Porter:
    """Does the transfers of one cache; `timeout` seconds for all of them together, from the
    first one's start."""

    def __init__(self, work: Work, timeout: float) -> None:
        self._work = work
        self._timeout = timeout
        self._until = 0.0

    @cached_property
    def _site(self) -> Site:
        from podlane.clients.objectstore.line import Site

        return Site(
            user_agent=f"podlane {__version__}", ca_text=self._work.plan.gitlab.ca_certificates
        )

    def crew(self) -> Crew:
        from podlane.clients.objectstore.crew import Crew

        return Crew(self._site, self._work.wake)

    def run(
        self, crew: Crew, step: tuple[int, Callable[[Line], None]], progress: Progress | None = None
    ) -> None:
        """Run one step to its end; raises what went wrong in it, TooSlow, or what ends the job."""
        self._until = self._until or time.monotonic() + self._timeout
        self._check()
        crew.start(*step)
        try:
            while not crew.is_done:
                self._check()
                if progress is not None:
                    progress.show(crew.moved)
                self._wait(progress)
        except BaseException:
            crew.cut()
            raise
        crew.finish()

    def quickly(self, step: tuple[int, Callable[[Line], None]], seconds: float) -> None:
        """Run a step of cleaning up, whether the job is over or not, and whatever comes of it."""
        crew = self.crew()
        crew.start(*step)
        until = time.monotonic() + seconds
        while not crew.is_done and time.monotonic() < until:
            select.select([self._work.wake_pipe[0]], [], [], until - time.monotonic())
            self._work.clear_wake()
        crew.cut()

    def _check(self) -> None:
        self._work.check()
        if time.monotonic() >= self._until:
            raise TooSlow(f"it took longer than {self._timeout:g} seconds")

    def _wait(self, progress: Progress | None) -> None:
        until = min(self._until, self._work.until())
        if progress is not None:
            until = min(until, progress.next)
        left = max(0.0, until - time.monotonic())
        ready, _, _ = select.select([self._work.wake_pipe[0]], [], [], left)
        if ready:
            self._work.clear_wake()


def explain(error: Exception, objects: Iterable[StoreObject]) -> str:
    """The error, and whether it is one of time: what was signed for the job may have ended."""
    ends = [one.expires_at for one in objects if 0 < one.expires_at < time.time()]
    if getattr(error, "status", 0) in (400, 401, 403) and ends:
        until = time.strftime("%H:%M", time.gmtime(min(ends)))
        return f"{error}: what was signed for this job was good until {until} UTC"
    return str(error)
