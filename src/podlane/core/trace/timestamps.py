"""A header before each line of the log: when, which stream, and whether it goes on a line.

`2026-11-23T21:10:05.123456Z 01O text`: 27 characters of time, the stream in two hex digits, `O`,
then a blank, or `+` where the entry continues the line before. GitLab's log viewer reads it.
"""

from __future__ import annotations

from datetime import UTC, datetime

_MOST = 8192


class LineStamper:
    """One stream's lines. Text without a newline waits for one, up to 8 KiB or a `flush`."""

    def __init__(self, stream: int) -> None:
        self._mark = f" {stream:02x}O".encode()
        self._held = b""
        self._held_head = b""
        self._sign = b" "

    def feed(self, data: bytes, now: float) -> bytes:
        """`now`: seconds since the epoch, for the lines that begin in `data`."""
        lines, newline, rest = data.rpartition(b"\n")
        head = _time(now) + self._mark
        out = self._whole_lines(lines, head) if newline else b""
        if rest:
            if not self._held:
                self._held_head = head
            self._held += rest
            if len(self._held) >= _MOST or b"\r" in rest:
                out += self.flush()
        return out

    def flush(self) -> bytes:
        """End the entry that is open; the next one continues its line."""
        if not self._held:
            return b""
        entry = b"".join((self._held_head, self._sign, self._held, b"\n"))
        self._held, self._sign = b"", b"+"
        return entry

    def _whole_lines(self, lines: bytes, head: bytes) -> bytes:
        first = self._held_head if self._held else head
        text = self._held + lines
        sign, self._held, self._sign = self._sign, b"", b" "
        text = text.replace(b"\n", b"\n" + head + b" ")
        return b"".join((first, sign, text, b"\n"))


def _time(now: float) -> bytes:
    moment = datetime.fromtimestamp(now, UTC)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ").encode()
