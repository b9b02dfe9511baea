"""A copy of the job's log on the helper's own output, for whoever collects containers' logs.

It is read from the spool, so it holds the very bytes that GitLab gets, masked and limited, and an
output that nobody takes holds up neither the job nor its log.
"""

from __future__ import annotations

import os
import threading

from podlane.helper.spool import Spool

_EVERY = 0.2
_BLOCK = 256 * 1024
_STDOUT = 1


class Echo:
    """Runs in a thread of its own. Whole lines, and at the end what is left."""

    def __init__(self, spool: Spool, target: int = _STDOUT) -> None:
        self._spool = spool
        self._target = target
        self._copied = 0
        self._ends = threading.Event()
        self._thread = threading.Thread(target=self._serve, daemon=True, name="echo")

    def start(self) -> None:
        self._thread.start()

    def finish(self, seconds: float) -> bool:
        """Copy what is left; whether all was taken within `seconds`."""
        self._ends.set()
        self._thread.join(seconds)
        return self._copied >= self._spool.size

    def _serve(self) -> None:
        try:
            while not self._ends.wait(_EVERY):
                self._copy(is_last=False)
            self._copy(is_last=True)
        except OSError:
            return  # nobody reads on

    def _copy(self, *, is_last: bool) -> None:
        while self._copied < self._spool.size:
            data = self._spool.read(self._copied, _BLOCK)
            lines = data[: data.rfind(b"\n") + 1]
            is_cut = len(data) == _BLOCK and not lines
            self._write(data if is_last or is_cut else lines)
            if not is_last and not lines and not is_cut:
                return

    def _write(self, data: bytes) -> None:
        view = memoryview(data)
        while view:
            written = os.write(self._target, view)
            view = view[written:]
            self._copied += written
