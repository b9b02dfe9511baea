"""Shows the cluster's events about the pod while its build container is waited for."""

from __future__ import annotations

import time
from pathlib import Path

from podlane.core.job.pod_events import PodEvent, parse_page, rows
from podlane.helper.work import Work

_SECONDS = 3.0
_EVERY = 0.1


class PodEvents:
    def __init__(self, work: Work) -> None:
        self._work = work
        self._file = Path(work.plan.places.pod) / "tell" / "events"
        self._shown: set[PodEvent] = set()
        self._is_done = not work.plan.with_pod_events

    def show(self) -> None:
        """Show what has come since."""
        if self._is_done:
            return
        try:
            page = parse_page(self._file.read_text(errors="replace"))
        except OSError:
            return
        fresh = tuple(one for one in page.events if one not in self._shown)
        for line in rows(fresh, with_title=not self._shown):
            self._work.trace.other(line)
        self._shown |= set(fresh)
        self._is_done = page.is_last

    def show_rest(self) -> None:
        """Show those of the containers' start, which are on their way."""
        until = time.monotonic() + _SECONDS
        self.show()
        while not self._is_done and time.monotonic() < until:
            self._work.sleep(_EVERY)
            self.show()
