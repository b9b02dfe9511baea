"""`::add-mask::VALUE` in a script's output: from then on VALUE is a secret, as if it were a masked
variable.

It counts at the beginning of a line. Wherever else it stands (the echo of the command, a shell's
xtrace), what follows it on the line is hidden all the same, since that may be the value.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from podlane.core.trace.phrases import MASK

MARKER = b"::add-mask::"
_LONGEST = 64 * 1024
_END = re.compile(rb"[\r\n\x1b]")
_BEGUN = re.compile(
    rb"(?:" + b"|".join(re.escape(MARKER[:size]) for size in range(11, 0, -1)) + rb")\Z"
)


class AddMask:
    """Feed bytes in, get bytes without the values out; each value goes to `found`, once whole."""

    def __init__(self, found: Callable[[bytes], None]) -> None:
        self._found = found
        self._held = b""
        self._value: bytes | None = None  # what has come of the value that we are in
        self._counts = False
        self._begins_line = True

    def feed(self, data: bytes) -> bytes:
        text, self._held = self._held + data, b""
        if self._value is None and MARKER not in text:
            return self._keep(text)
        out: list[bytes] = []
        while True:
            if self._value is not None:
                text = self._in_value(text)
                if self._value is not None:
                    break
            at = text.find(MARKER)
            if at < 0:
                out.append(self._keep(text))
                break
            self._counts = text[at - 1 : at] == b"\n" if at else self._begins_line
            out += (text[: at + len(MARKER)], MASK)
            self._value, self._begins_line = b"", False
            text = text[at + len(MARKER) :]
        return b"".join(out)

    def flush(self) -> bytes:
        """The step is over: what stands is whole."""
        if self._value is not None:
            self._take()
        text, self._held = self._held, b""
        self._begins_line = True
        return text

    def _keep(self, text: bytes) -> bytes:
        """Hold back a marker that has only begun."""
        begun = _BEGUN.search(text, max(0, len(text) - len(MARKER)))
        cut = begun.start() if begun else len(text)
        self._held = text[cut:]
        if cut:
            self._begins_line = text[cut - 1 : cut] == b"\n"
        return text[:cut]

    def _in_value(self, text: bytes) -> bytes:
        """Swallow what belongs to the value; return what comes after it."""
        assert self._value is not None
        end = _END.search(text)
        cut = end.start() if end else len(text)
        if len(self._value) <= _LONGEST:
            self._value += text[:cut]
        if end:
            self._take()
        return text[cut:]

    def _take(self) -> None:
        value, self._value = (self._value or b"").strip(), None
        if self._counts and value and len(value) <= _LONGEST:
            self._found(value)
