"""The end of what a step has printed: its last echoed command, and its last lines.

The echo is the one `core.plan.step` writes. A script can print the like of it: then the wrong
command is named, and nothing worse.
"""

from __future__ import annotations

_ECHO = b"\x1b[32;1m$ "
_RESET = b"\x1b[0;m"
_KEPT = 16 * 1024
_LONGEST = 120


class Tail:
    """Feed bytes, however they are cut."""

    def __init__(self) -> None:
        self._kept = b""
        self._command = b""

    def begin(self) -> None:
        """A new step: forget the last one."""
        self._kept = self._command = b""

    def feed(self, data: bytes) -> None:
        window = self._kept + data
        at = window.rfind(_ECHO)
        if at >= 0:
            self._command = window[at + len(_ECHO) : at + len(_ECHO) + 4 * _LONGEST]
        self._kept = window[-_KEPT:]

    @property
    def output(self) -> bytes:
        return self._kept

    @property
    def command(self) -> str:
        """The last command that was echoed, cut to a line's length; "" when none was."""
        line = self._command.split(_RESET, 1)[0].split(b"\n", 1)[0]
        text = line.decode(errors="replace").strip()
        return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
