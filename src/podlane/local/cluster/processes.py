"""Processes of this machine: start one for a container, find all that came of it, end them.

A container's main process leads its own session. On Linux the cluster's process adopts orphans
(child subreaper), so that what a script sends to the background is found and reaped as well;
elsewhere sessions and parents are all there is.
"""

from __future__ import annotations

import asyncio
import ctypes
import os
import signal
import subprocess
import sys
from collections.abc import Collection, Iterable
from contextlib import suppress
from pathlib import Path

from msgspec import Struct

_PR_SET_CHILD_SUBREAPER = 36
_PROC = Path("/proc")
_HAS_PROC = sys.platform == "linux"


class Entry(Struct, frozen=True):
    pid: int
    parent: int
    session: int
    is_zombie: bool


def become_subreaper() -> bool:
    """Adopt the orphans of our descendants; False where the system has no such thing."""
    if not _HAS_PROC:
        return False
    try:
        return bool(ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) == 0)
    except (OSError, AttributeError):
        return False


def process_table() -> list[Entry]:
    return list(_table_from_proc() if _HAS_PROC else _table_from_ps())


def _table_from_proc() -> Iterable[Entry]:
    for folder in os.listdir(_PROC):  # noqa: PTH208 - one string a process, no Path
        if folder.isdigit():
            with suppress(OSError):
                text = Path(f"/proc/{folder}/stat").read_text()
                # The command's name may hold spaces and parentheses; what follows it does not.
                state, parent, _, session = text.rpartition(") ")[2].split()[:4]
                yield Entry(int(folder), int(parent), int(session), state in "ZX")


def _table_from_ps() -> Iterable[Entry]:
    command = ["ps", "-axo", "pid=,ppid=,stat="]
    shown = subprocess.run(command, capture_output=True, text=True, check=False).stdout
    for line in shown.splitlines():
        pid, parent, state = line.split(None, 2)
        with suppress(OSError):
            session = os.getsid(int(pid))
            yield Entry(int(pid), int(parent), session, state.startswith("Z"))


def family(table: Collection[Entry], leaders: Collection[int]) -> set[int]:
    """The leaders, their sessions and all their descendants."""
    found = {entry.pid for entry in table if entry.pid in leaders or entry.session in leaders}
    size = -1
    while size != len(found):
        size = len(found)
        found |= {entry.pid for entry in table if entry.parent in found or entry.session in found}
    return found


def strays(table: Collection[Entry], hostname: str) -> set[int]:
    """Orphans that came to us and that left their session: known by the pod's HOSTNAME."""
    if not _HAS_PROC:
        return set()
    mark = b"\0HOSTNAME=" + hostname.encode() + b"\0"
    found: set[int] = set()
    for entry in table:
        if entry.parent == os.getpid() and not entry.is_zombie:
            with suppress(OSError):
                if mark in b"\0" + Path(f"/proc/{entry.pid}/environ").read_bytes() + b"\0":
                    found.add(entry.pid)
    return found


def send_signal(pids: Iterable[int], number: signal.Signals) -> None:
    for pid in pids:
        with suppress(ProcessLookupError, PermissionError):
            os.kill(pid, number)


async def kill_all(leaders: Collection[int], hostname: str = "") -> None:
    """KILL the families of `leaders` (and the pod's strays) until none is left, then reap."""
    for attempt in range(40):
        table = process_table()
        members = family(table, leaders)
        if hostname:
            members |= family(table, strays(table, hostname))
        zombies = {entry.pid for entry in table if entry.is_zombie}
        _reap(members & zombies, leaders)
        if not members - zombies:
            return
        send_signal(members - zombies, signal.SIGKILL)
        await asyncio.sleep(0.005 * min(attempt + 1, 10))


def _reap(zombies: Iterable[int], leaders: Collection[int]) -> None:
    """Collect adopted zombies; the leaders are waited for by who started them."""
    for pid in zombies:
        if pid not in leaders:
            with suppress(ChildProcessError):
                os.waitpid(pid, os.WNOHANG)


class Output:
    """Copies a pipe into a file, up to a limit; what comes after is read and dropped."""

    def __init__(self, path: Path, limit_bytes: int) -> None:
        self._left = limit_bytes
        self._is_open = True
        self._file = path.open("ab")
        self._read_end, self.write_end = os.pipe()
        os.set_blocking(self._read_end, False)
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(self._read_end, self._copy)

    def started(self) -> None:
        """The process has its own copy of the pipe's end."""
        os.close(self.write_end)

    def _copy(self) -> None:
        try:
            data = os.read(self._read_end, 65536)
        except BlockingIOError:
            return
        if not data:
            self._loop.remove_reader(self._read_end)
        self._file.write(data[: self._left])
        self._file.flush()
        self._left -= min(self._left, len(data))

    def close(self) -> None:
        """Copy what is there and let go; a process that writes on gets SIGPIPE."""
        if not self._is_open:
            return
        self._is_open = False
        self._loop.remove_reader(self._read_end)
        with suppress(BlockingIOError):
            while data := os.read(self._read_end, 65536):
                self._file.write(data[: self._left])
                self._left -= min(self._left, len(data))
        os.close(self._read_end)
        self._file.close()
