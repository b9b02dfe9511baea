"""A job's log as lines for people: no section marks, no rewritten parts, colours as wanted."""

from __future__ import annotations

import re

_SECTION = re.compile(r"section_(?:start|end):\d+:[^\r\n]*\r\x1b\[0K")
_ANSI = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
_NOT_COLOUR = re.compile(r"\x1b\[[0-9;?]*[A-Zac-ln-z]")
_LIMIT = 64 * 1024


class Lines:
    """Takes bytes as they come and gives whole lines."""

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, data: bytes) -> list[str]:
        *whole, self._rest = (self._rest + data).split(b"\n")
        if len(self._rest) > _LIMIT:
            whole.append(self._rest)
            self._rest = b""
        return [line for raw in whole if (line := clean(raw)) is not None]

    def end(self) -> list[str]:
        line = clean(self._rest)
        self._rest = b""
        return [line] if line else []


def clean(raw: bytes) -> str | None:
    """One line as a terminal would show it at last; None when nothing but marks stood on it."""
    text = raw.decode(errors="replace")
    bare = _SECTION.sub("", text)
    shown = bare.rstrip("\r").rsplit("\r", 1)[-1]
    shown = _NOT_COLOUR.sub("", shown)
    is_marks_only = bare != text and not without_colours(shown).strip()
    return None if is_marks_only else shown


def without_colours(text: str) -> str:
    return _ANSI.sub("", text)
