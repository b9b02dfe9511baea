"""What happens to the log's bytes before they are kept: mask, mend, stamp, limit, in this order.

Two streams share the limit: podlane's own lines (0) and the scripts' output (1). Each holds back
for itself what may yet become a secret or a line, so a line of ours between two pieces of a
script's secret does not show the pieces. What a script asks to have hidden is hidden in both.
"""

from __future__ import annotations

import codecs
from collections.abc import Iterable

from podlane.core.trace.add_mask import AddMask
from podlane.core.trace.limit import Limit
from podlane.core.trace.masker import Masker
from podlane.core.trace.phrases import Phrases
from podlane.core.trace.timestamps import LineStamper

OWN, SCRIPT = 0, 1


class _Source:
    def __init__(self, number: int, masker: Masker, *, with_timestamps: bool) -> None:
        self._masker = masker
        self._stamper = LineStamper(number) if with_timestamps else None
        self._mend = codecs.getincrementaldecoder("utf-8")("replace")

    def feed(self, data: bytes, now: float) -> bytes:
        return self._stamp(self._mended(self._masker.feed(data)), now)

    def flush(self, now: float) -> bytes:
        data = self._mended(self._masker.flush())
        data += self._mend.decode(b"", final=True).encode()
        out = self._stamp(data, now)
        return out + self._stamper.flush() if self._stamper else out

    def _mended(self, data: bytes) -> bytes:
        """Bytes that are no UTF-8 become U+FFFD; a character cut in two is put together."""
        if data.isascii() and not self._mend.getstate()[0]:
            return data
        return self._mend.decode(data).encode()

    def _stamp(self, data: bytes, now: float) -> bytes:
        return self._stamper.feed(data, now) if self._stamper else data


class TraceStream:
    """Feed bytes of a stream in, get the bytes for GitLab out."""

    def __init__(
        self,
        secrets: Iterable[str],
        prefixes: Iterable[str],
        limit: Limit,
        *,
        with_timestamps: bool,
    ) -> None:
        phrases = Phrases(secret.encode() for secret in secrets)
        self.hide = phrases.add
        self._limit = limit
        self._sources = [
            _Source(number, Masker(phrases, prefixes), with_timestamps=with_timestamps)
            for number in (OWN, SCRIPT)
        ]
        self._add_mask = AddMask(phrases.add)

    def feed(self, stream: int, data: bytes, now: float) -> bytes:
        if self._limit.is_reached:
            return b""
        if stream == SCRIPT:
            data = self._add_mask.feed(data)
        return self._limit.feed(self._sources[stream].feed(data, now))

    def flush(self, now: float) -> bytes:
        """Let go of what was held back in case more came: the step is over."""
        out = self._sources[SCRIPT].feed(self._add_mask.flush(), now)
        out += b"".join(source.flush(now) for source in reversed(self._sources))
        return self._limit.feed(out)
