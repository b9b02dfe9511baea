"""How far a long piece of work is: a line now and then, with the rate; and figures for people."""

from __future__ import annotations

import time
from collections.abc import Callable

from podlane.core.plan.model import ArtifactSettings
from podlane.helper.work import Work


class Progress:
    """A line every few seconds (TRANSFER_METER_FREQUENCY) for what takes long; `what` begins it.

    `at_end`: what it says when all bytes have passed and it still goes on.
    """

    def __init__(self, work: Work, what: str, size: int | None = None, at_end: str = "") -> None:
        self.size = size
        self._at_end = at_end
        self.done = 0
        self.started = time.monotonic()
        self._every = (work.plan.artifacts or ArtifactSettings()).meter
        self.next = self.started + self._every if self._every else float("inf")
        self._work = work
        self._what = what
        self._before = 0

    def show(self, done: int) -> None:
        self.done = done
        now = time.monotonic()
        if now < self.next:
            return
        rate = (done - self._before) / (now - self.next + self._every)
        of = f" of {megabytes(self.size)}" if self.size else ""
        said = f"{megabytes(done)}{of} ({megabytes(rate)}/s)"
        if self._at_end and self.size and done >= self.size:
            said = self._at_end
        self._work.trace.plain(f"{self._what} {said}")
        self._before, self.next = done, now + self._every

    def seconds(self) -> float:
        return time.monotonic() - self.started

    def pace(self) -> str:
        return pace(self.done, self.seconds())

    def step(self, check: Callable[[], None]) -> Callable[[int], None]:
        """For work that the main thread does itself: told how many bytes have passed since, it
        shows that; `check` raises what ends the job."""

        def passed(count: int) -> None:
            self.show(self.done + count)
            check()

        return passed


def megabytes(size: float) -> str:
    """For people: 3 significant figures, decimal units."""
    for unit in ("B", "kB", "MB"):
        if size < 999.5:
            return f"{size:.0f} {unit}" if size >= 99.95 or unit == "B" else f"{size:.3g} {unit}"
        size /= 1000
    return f"{size:.3g} GB"


def files(count: int) -> str:
    return "1 file" if count == 1 else f"{count} files"


def pace(size: float, seconds: float) -> str:
    """`1.2 s (310 MB/s)`; the rate only where it says something."""
    rate = f" ({megabytes(size / seconds)}/s)" if seconds >= 0.2 and size >= 1e6 else ""
    return f"{seconds:.1f} s{rate}"
