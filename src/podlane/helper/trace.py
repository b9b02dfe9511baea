"""The trace as the stages write it: sections, podlane's own lines, the scripts' output."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from podlane.core.plan.model import TraceSettings
from podlane.core.trace import sections
from podlane.core.trace.limit import Limit
from podlane.core.trace.stream import OWN, SCRIPT, TraceStream
from podlane.core.trace.tail import Tail
from podlane.helper.spool import Spool

_EAGER_SECONDS = 0.5


class Listener(Protocol):
    """Hears what the log tells of the job's way: each stage, each line of podlane's own."""

    def enter(self, stage: str) -> None: ...
    def heard(self, line: str) -> None: ...


class Wake(Protocol):
    def __call__(self, *, is_urgent: bool) -> None: ...


class Trace:
    """`wake(is_urgent=...)` is called after each write; urgent: people should see it at once.

    `tail` is the end of the script's output, `spent` the seconds spent in each section.
    """

    def __init__(self, settings: TraceSettings, spool: Spool, wake: Wake) -> None:
        secrets = [mask.reveal() for mask in settings.masks]
        self._stream = TraceStream(
            secrets,
            settings.mask_prefixes,
            Limit(settings.limit_bytes),
            with_timestamps=settings.with_timestamps,
        )
        self._with_sections = settings.with_sections
        self._spool = spool
        self._wake = wake
        self._lock = threading.Lock()
        self._eager_until = 0.0
        self.listener: Listener | None = None
        self.tail = Tail()
        self.spent: dict[str, float] = {}

    def script(self, data: bytes) -> None:
        """Output of a script, as it came."""
        self.tail.feed(data)
        self._write(SCRIPT, data)

    def hide(self, secret: str) -> None:
        """From now on `secret` is masked wherever it comes up, like a masked variable's value."""
        with self._lock:
            self._stream.hide(secret.strip().encode())

    def plain(self, text: str) -> None:
        self._write(OWN, sections.plain(text).encode())
        self._tell(text)

    def other(self, text: str) -> None:
        """A line that another program of the pod has printed: it tells nothing of us."""
        self._write(OWN, sections.plain(text).encode())

    def info(self, text: str) -> None:
        self._write(OWN, sections.info(text).encode())

    def warning(self, text: str) -> None:
        self._write(OWN, sections.warning(text).encode())
        self._tell(text)

    def error(self, text: str) -> None:
        self._write(OWN, sections.error(text).encode())

    def flush(self) -> None:
        """Let go of what was held back for masking: the step is over."""
        with self._lock:
            self._spool.append(self._stream.flush(time.time()))
        self._wake(is_urgent=False)

    def be_eager(self) -> None:
        """Send the output of the next moment at once: people wait for a script's first lines."""
        self._eager_until = time.monotonic() + _EAGER_SECONDS

    @contextmanager
    def section(self, name: str, title: str) -> Iterator[None]:
        began = time.monotonic()
        if self.listener is not None:
            self.listener.enter(name)
        if self._with_sections:
            self._write(OWN, sections.section_start(name, time.time()).encode())
        self._write(OWN, sections.header(title).encode())
        try:
            yield
        finally:
            self.flush()
            if self._with_sections:
                self._write(OWN, sections.section_end(name, time.time()).encode())
            self.spent[name] = self.spent.get(name, 0.0) + time.monotonic() - began

    def _tell(self, line: str) -> None:
        if self.listener is not None:
            self.listener.heard(line)

    def _write(self, stream: int, data: bytes) -> None:
        with self._lock:
            self._spool.append(self._stream.feed(stream, data, time.time()))
        self._wake(is_urgent=time.monotonic() < self._eager_until)
