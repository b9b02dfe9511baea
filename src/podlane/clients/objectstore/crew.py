"""Threads that copy side by side, a line each. Who started them can end them all at once."""

from __future__ import annotations

import threading
from collections.abc import Callable

from podlane.clients.objectstore.line import Line, Site

_JOIN_SECONDS = 2.0


class CutOff(Exception):
    """The crew was told to end."""


class Crew:
    """The first trouble of one ends the others; `woken` is called, from a thread, at the end.

    `moved` counts the bytes copied so far, for people to see.
    """

    def __init__(self, site: Site, woken: Callable[[], None]) -> None:
        self.moved = 0
        self._site = site
        self._woken = woken
        self._lock = threading.Lock()
        self._ends = threading.Event()
        self._lines: list[Line] = []
        self._threads: list[threading.Thread] = []
        self._left = 0
        self._error: BaseException | None = None

    @property
    def is_done(self) -> bool:
        return self._left == 0

    def start(self, count: int, job: Callable[[Line], None]) -> None:
        with self._lock:
            self._left += count
        for _ in range(count):
            line = Line(self._site, self.count)
            self._lines.append(line)
            thread = threading.Thread(target=self._run, args=(line, job), daemon=True, name="cache")
            self._threads.append(thread)
            thread.start()

    def count(self, size: int) -> None:
        with self._lock:
            self.moved += size

    def pause(self, seconds: float) -> None:
        """For the threads: wait, or raise CutOff."""
        if self._ends.wait(seconds):
            raise CutOff

    def check(self) -> None:
        """For the threads: raise CutOff when all shall end."""
        if self._ends.is_set():
            raise CutOff

    def cut(self) -> None:
        """End all threads; a thread that cannot be reached (it looks up a name) is left behind."""
        self._ends.set()
        for line in self._lines:
            line.cut()
        for thread in self._threads:
            if thread is not threading.current_thread():
                thread.join(_JOIN_SECONDS)

    def finish(self) -> None:
        """When `is_done`: raise what went wrong, if anything did."""
        for thread in self._threads:
            thread.join(_JOIN_SECONDS)
        if self._error is not None:
            raise self._error

    def _run(self, line: Line, job: Callable[[Line], None]) -> None:
        try:
            job(line)
        except BaseException as error:  # noqa: BLE001 - handed to who waits
            with self._lock:
                first = self._error is None and not self._ends.is_set()
                if first:
                    self._error = error
            if first:
                self._ends.set()
                for other in self._lines:
                    other.cut()
        finally:
            line.close()
            with self._lock:
                self._left -= 1
                is_last = self._left == 0
            if is_last:
                self._woken()
