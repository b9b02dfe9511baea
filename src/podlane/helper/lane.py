"""The lane's helper side: FIFOs to the loop in the build container (`core.pod.loop`).

What comes from the loop is hostile input: lines are capped, and only numbers are read from them.
Output is drained by a thread of its own all the time, so a background process never blocks.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import select
import struct
import termios
import threading
import time
from collections.abc import Callable
from pathlib import Path

import msgspec

from podlane.core.text.quote import quote
from podlane.core.trace.usage import Used, join

_LINE_LIMIT = 4096
_HELLO = re.compile(r"hello 1 uid=(\d{0,10}) gid=(\d{0,10}) shell=(\S{0,200})(.*)")
_END = re.compile(r"end (\d{1,9}) (\d{1,3})(.*)")
_DID_USED = re.compile(r"did used (.*)")
_USED = re.compile(r"(limit|peak|held|oom|hits|cpu|forks)=(\d{1,19})(?= |$)")
_BEGUN = re.compile(r" begun=(\d{1,15})(?= |$)")
_PWSH = """\
command -v pwsh >/dev/null || {
  echo 'The image has no pwsh, which the `shell` of the runner asks for' >&2; exit 127
}
exec pwsh -NoLogo -NoProfile -NonInteractive -File"""
# it holds what we hold, else the loop would take us for gone; not every image has a sleep
_STAY = """\
exec 7<>{} 8<>{} && : >{} || exit
sleep 9999999 || read -r _ <&7
"""
_READERS = {"sh": (".sh", "exec sh"), "pwsh": (".ps1", _PWSH)}
_BLOCK = 256 * 1024
_PIPE_SIZE = 1024 * 1024


class Hello(msgspec.Struct, frozen=True):
    """Who runs the scripts: `uid` and `gid`, None where the container does not say; its shell.

    `begun`: when the loop began, in clock ticks since boot; 0 where it is not known.
    """

    uid: int | None
    gid: int | None
    shell: str
    begun: int = 0


class LaneLost(Exception):
    """The loop is gone: the build container has ended, or its entrypoint never ran the loop."""


class Lane:
    """`wake` is a readable file descriptor: a byte in it ends a wait early."""

    def __init__(self, folder: Path, wake: int, output: Callable[[bytes], None]) -> None:
        self._folder = folder
        self._wake = wake
        self._output = output
        self._line = b""
        self._lines: list[str] = []
        self._number = 0
        self.used = Used()
        self._is_asked = self._is_running = self._is_closed = False
        self._asking = threading.Lock()
        self._reading = threading.Lock()
        self._open(folder / "fifo")
        threading.Thread(target=self._drain, daemon=True, name="output").start()

    def _open(self, fifos: Path) -> None:
        staging = fifos.with_name("fifo.new")
        staging.mkdir(exist_ok=True)
        staging.chmod(0o777)
        for name in ("req", "ctl", "out", "say"):
            os.mkfifo(staging / name)
            (staging / name).chmod(0o666)
        self._say = os.open(staging / "say", os.O_RDONLY | os.O_NONBLOCK)
        self._out = os.open(staging / "out", os.O_RDONLY | os.O_NONBLOCK)
        with contextlib.suppress(OSError, AttributeError):  # Linux, and within its limit for users
            fcntl.fcntl(self._out, fcntl.F_SETPIPE_SZ, _PIPE_SIZE)
        self._req = os.open(staging / "req", os.O_RDWR)
        self._ctl = os.open(staging / "ctl", os.O_RDWR)
        staging.rename(fifos)  # the loop sees them only once both ends are held

    def hello(self, until: float, is_over: Callable[[], bool]) -> Hello | None:
        """Wait for the loop; None at `until` (monotonic seconds) or when `is_over` says so. What
        it has said already is heard, however late it is."""
        is_late = False
        while not is_late and not is_over():
            is_late = time.monotonic() >= until
            line = self._next(min(until, time.monotonic() + 0.25))
            found = _HELLO.fullmatch(line) if line else None
            if found:
                uid, gid, shell = found.group(1), found.group(2), found.group(3)
                self._learn(found.group(4))
                begun = _BEGUN.search(f" {found.group(4).strip()}")
                ticks = int(begun.group(1)) if begun else 0
                return Hello(int(uid) if uid else None, int(gid) if gid else None, shell, ticks)
        return None

    def start(self, text: str, *, shell: str = "bash", before: str = "") -> None:
        """Hand over a script; `ended` tells when it is done. The loop runs it in bash where there
        is one; with `shell` sh or pwsh, that reads the script. `before` is sh text."""
        self._number += 1
        self._is_running = True
        path = self._folder / f"step-{self._number}"
        if shell in _READERS:
            ending, reader = _READERS[shell]
            inner = path.with_suffix(ending)
            self._write(inner, text)
            text = f"{reader} {quote(str(inner))}\n"
        self._write(path, before + text)
        os.write(self._req, f"run {self._number} {path}\n".encode())

    def _write(self, path: Path, text: str) -> None:
        path.write_bytes(text.encode())
        path.chmod(0o755)

    def ended(self, until: float) -> int | None:
        """The exit status of the script, or None when `until` or a wake comes first."""
        line = self._next(until)
        found = _END.fullmatch(line) if line else None
        if not found or int(found.group(1)) != self._number:
            return None
        self._is_running = False
        self._learn(found.group(3))
        self._take_output()
        for ending in ("", *(ending for ending, _ in _READERS.values())):
            (self._folder / f"step-{self._number}{ending}").unlink(missing_ok=True)
        return int(found.group(2))

    def stop(self, word: str) -> None:
        """Send `term` or `kill`, and wait until the loop has done it."""
        os.write(self._ctl, f"{word}\n".encode())
        until = time.monotonic() + 10
        while time.monotonic() < until:
            line = self._next(until, heeds_wake=False)
            if line == f"did {word}":
                return
            if line:
                self._lines.append(line)  # the end of the step, most likely

    def ask(self) -> None:
        """Ask the loop, while it runs a step, what its container uses: `used` will know. For any
        thread; a question that is not answered yet is not repeated."""
        with self._asking:
            if self._is_running and not self._is_asked and not self._is_closed:
                self._is_asked = True
                os.write(self._ctl, b"used\n")

    def stay(self, until: float) -> bool:
        """Have the build container live on without us, until its pod goes; whether it does, at
        `until` at the latest. No step can be run any more."""
        self._number += 1
        path, marker = self._folder / f"step-{self._number}", self._folder / "stays"
        ends = (quote(str(self._folder / "fifo" / name)) for name in ("req", "ctl"))
        self._write(path, _STAY.format(*ends, quote(str(marker))))
        os.write(self._req, f"run {self._number} {path}\n".encode())
        while not marker.exists() and time.monotonic() < until:
            try:
                self._next(min(until, time.monotonic() + 0.05), heeds_wake=False)
            except LaneLost:
                return False
        return marker.exists()

    def close(self) -> None:
        """Let the loop end."""
        with self._asking:
            self._is_closed = True
            for descriptor in (self._req, self._ctl, self._say):
                os.close(descriptor)

    def _learn(self, figures: str) -> None:
        found = {name: int(value) for name, value in _USED.findall(figures)}
        self.used = join(self.used, Used(**found))

    def _next(self, until: float, *, heeds_wake: bool = True) -> str:
        """The next line of the loop; "" at `until` or at a wake."""
        if self._lines and heeds_wake:
            return self._lines.pop(0)
        while True:
            line = self._read_line(until, heeds_wake=heeds_wake)
            told = _DID_USED.fullmatch(line)
            if told is None:
                return line
            self._is_asked = False
            self._learn(told.group(1))

    def _read_line(self, until: float, *, heeds_wake: bool) -> str:
        watched = [self._say, self._wake] if heeds_wake else [self._say]
        while b"\n" not in self._line:
            ready, _, _ = select.select(watched, [], [], max(0.0, until - time.monotonic()))
            if self._say in ready:
                self._read_say()
            elif not ready or self._wake in ready:
                return ""
        line, self._line = self._line.split(b"\n", 1)
        return line.decode("ascii", "replace")

    def _read_say(self) -> None:
        try:
            data = os.read(self._say, _LINE_LIMIT)
        except BlockingIOError:
            return
        if not data:
            raise LaneLost
        self._line = (self._line + data)[-_LINE_LIMIT:]

    def _drain(self) -> None:
        while True:
            select.select([self._out], [], [])
            with self._reading:
                try:
                    data = os.read(self._out, _BLOCK)
                except BlockingIOError:
                    continue
                except OSError:
                    return
                if data:
                    self._output(data)
            if not data:
                time.sleep(0.05)  # no writer now: the loop is starting, or gone

    def _take_output(self) -> None:
        """Take all that the step has written; what a background process adds meanwhile can wait."""
        with self._reading:
            left = struct.unpack("i", fcntl.ioctl(self._out, termios.FIONREAD, b"\0" * 4))[0]
            while left > 0:
                try:
                    data = os.read(self._out, min(left, _BLOCK))
                except BlockingIOError:
                    return
                if not data:
                    return
                self._output(data)
                left -= len(data)
