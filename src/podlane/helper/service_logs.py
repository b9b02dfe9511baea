"""Writes what services print into the trace, as the manager hands it over, while the job runs."""

from __future__ import annotations

import threading
import time
from pathlib import Path

from podlane.core.job.service_log import MANAGER, read_page
from podlane.core.plan.model import JobPlan
from podlane.helper.trace import Trace

_EVERY = 0.25
_LAST_SECONDS = 2.5  # the manager hands over at most one page a second


class ServiceLogs:
    """Runs in a thread of its own: a script says nothing while services do."""

    def __init__(self, plan: JobPlan, trace: Trace) -> None:
        self._file = Path(plan.places.pod) / "tell" / "service-log"
        self._trace = trace
        self._seen: dict[str, int] = {}
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._serve, daemon=True, name="service-logs")

    def start(self) -> None:
        self._thread.start()

    def end(self) -> None:
        """Take what is still on its way, and be done."""
        self._ended.set()
        self._thread.join()
        until = time.monotonic() + _LAST_SECONDS
        while time.monotonic() < until:
            time.sleep(_EVERY)
            self._take()

    def _serve(self) -> None:
        while not self._ended.wait(_EVERY):
            self._take()

    def _take(self) -> None:
        try:
            text = self._file.read_text(errors="replace")
        except OSError:
            return
        for line in read_page(text, self._seen):
            missed = line.number - self._seen.get(line.service, 0)
            self._seen[line.service] = line.number + 1
            if line.service == MANAGER:
                self._trace.warning(f"the log of a service cannot be read: {line.text}")
                continue
            if missed:
                self._trace.warning(f"{missed} lines of service {line.service} came too late")
            self._trace.other(f"[service:{line.service}] {line.text}")
