"""What happens to the log's bytes before they are kept: mask, mend, stamp, limit, in this order.

Two streams share it: podlane's own lines (0) and the scripts' output (1).
"""

from __future__ import annotations

import codecs

from podlane.core.trace.limit import Limit
from podlane.core.trace.masker import Masker
from podlane.core.trace.timestamps import LineStamper

OWN, SCRIPT = 0, 1


class TraceStream:
    """Feed bytes of a stream in, get the bytes for GitLab out."""

    def __init__(self, masker: Masker, limit: Limit, *, with_timestamps: bool) -> None:
        self._masker = masker
        self._limit = limit
        self._stampers = (LineStamper(OWN), LineStamper(SCRIPT)) if with_timestamps else None
        self._mend = codecs.getincrementaldecoder("utf-8")("replace")
        self._stream = OWN

    def feed(self, stream: int, data: bytes, now: float) -> bytes:
        before = self.flush(now) if stream != self._stream else b""
        self._stream = stream
        return before + self._out(self._masker.feed(data), now)

    def flush(self, now: float) -> bytes:
        """Let go of what was held back in case more came: at the end of a step, or of a line."""
        out = self._out(self._masker.flush(), now)
        if self._stampers is not None:
            out += self._limit.feed(self._stampers[self._stream].flush())
        rest = self._mend.decode(b"", final=True)
        self._mend.reset()
        return out + self._limit.feed(rest.encode())

    def _out(self, data: bytes, now: float) -> bytes:
        if not data.isascii() or self._mend.getstate()[0]:
            data = self._mend.decode(data).encode()
        if self._stampers is not None:
            data = self._stampers[self._stream].feed(data, now)
        return self._limit.feed(data)
