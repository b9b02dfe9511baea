"""A command on a terminal of its own: what somebody sees, and what they type."""

from __future__ import annotations

import os
import pty
import re
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

_SECONDS = 30.0
_COLOURS = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")


class Terminal:
    """`shown` is all that was printed so far, without colours."""

    def __init__(self, handle: int, process: subprocess.Popen[bytes]) -> None:
        self._handle = handle
        self._process = process
        self._read_to = 0
        self.shown = ""

    def see(self, text: str) -> None:
        """Wait until the text is printed after what was seen before."""
        self.until(text)

    def until(self, text: str) -> str:
        """The same; what stands between."""
        end = time.monotonic() + _SECONDS
        while (found := self.shown.find(text, self._read_to)) < 0:
            is_open = self._read(end - time.monotonic())
            assert is_open or text in self.shown[self._read_to :], f"no {text!r} in: {self.shown}"
        between = self.shown[self._read_to : found]
        self._read_to = found + len(text)
        return between

    def type(self, line: str) -> None:
        os.write(self._handle, f"{line}\n".encode())

    def interrupt(self) -> None:
        """Press Ctrl-C as people do, until it is heard: Python misses one that comes in the moment
        before it begins to read."""
        for _ in range(6):
            os.write(self._handle, b"\x03")
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(_SECONDS / 6)
                return

    def end(self) -> int:
        """Read to the end; the exit code."""
        end = time.monotonic() + _SECONDS
        while self._read(end - time.monotonic()):
            pass
        return self._process.wait(_SECONDS)

    def _read(self, seconds: float) -> bool:
        assert seconds > 0, f"no end of: {self.shown}"
        if not select.select([self._handle], [], [], seconds)[0]:
            return True
        try:
            data = os.read(self._handle, 4096)
        except OSError:  # the other side is closed
            data = b""
        self.shown += _COLOURS.sub("", data.decode()).replace("\r\n", "\n")
        return bool(data)


def _hear_interrupts() -> None:
    """A suite in the background ignores them, and so would what it starts."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


@contextmanager
def podlane(*words: str, home: Path, **environ: str) -> Iterator[Terminal]:
    """podlane's command line, typed at home."""
    ours, theirs = pty.openpty()
    kept = {name: text for name, text in os.environ.items() if name != "CONFIG_FILE"}
    # setsid --ctty: the terminal is the command's own, so that Ctrl-C reaches it
    process = subprocess.Popen(
        ["setsid", "--ctty", "--wait", sys.executable, "-m", "podlane", *words],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        cwd=home,
        env={**kept, "HOME": str(home), "TERM": "xterm", **environ},
        preexec_fn=_hear_interrupts,
    )
    os.close(theirs)
    try:
        yield Terminal(ours, process)
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()
        os.close(ours)
