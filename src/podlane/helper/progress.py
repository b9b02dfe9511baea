"""How far a long piece of work is: a line now and then, with the rate."""

from __future__ import annotations

import time
from collections.abc import Callable

from podlane.helper.work import Work


class Progress:
    """Says after each `every` seconds how many bytes are done, of `size` when that is known.

    Called with the bytes that have passed since the last call, it is the `progress` of the archive
    engine and of transfers; `check` raises what ends the job.
    """

    def __init__(
        self, work: Work, what: str, every: float, *, size: int = 0, check: Callable[[], None]
    ) -> None:
        self.done = 0
        self.started = time.monotonic()
        self._work = work
        self._what = what
        self._every = every
        self._size = size
        self._check = check
        self._next = self.started + every if every else float("inf")
        self._before = 0

    def __call__(self, count: int) -> None:
        self.done += count
        now = time.monotonic()
        if now >= self._next:
            rate = (self.done - self._before) / (now - self._next + self._every)
            of = f" of {megabytes(self._size)}" if self._size else ""
            self._work.trace.plain(f"{self._what} {megabytes(self.done)}{of} ({megabytes(rate)}/s)")
            self._before, self._next = self.done, now + self._every
        self._check()

    def seconds(self) -> float:
        return time.monotonic() - self.started


def megabytes(size: float) -> str:
    """For people: three figures, decimal units."""
    for unit in ("B", "kB", "MB"):
        if size < 999.5:
            return f"{size:.0f} {unit}" if size >= 99.95 or unit == "B" else f"{size:.3g} {unit}"
        size /= 1000
    return f"{size:.3g} GB"


def pace(size: float, seconds: float) -> str:
    """`350 MB in 1.2 s (292 MB/s)`; time and rate only where they say something."""
    if seconds < 0.1 or size < 1e6:
        return megabytes(size)
    return f"{megabytes(size)} in {seconds:.1f} s ({megabytes(size / seconds)}/s)"
