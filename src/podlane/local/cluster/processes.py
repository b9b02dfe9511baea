"""Processes of this machine: find all that came of a container's main process, and end them.

A container's main process leads its own session. On Linux the cluster's process adopts orphans
(child subreaper), so that what a script sends to the background is found and reaped as well;
elsewhere sessions and parents are all there is.
"""

from __future__ import annotations

import asyncio
import ctypes
import os
import resource
import signal
import subprocess
import sys
from collections.abc import Collection, Iterable, Mapping
from contextlib import suppress
from pathlib import Path

from msgspec import Struct

_PR_SET_CHILD_SUBREAPER = 36
_PROC = Path("/proc")
_USUAL_QUEUE_BYTES = 819_200
_MARKS = 400_000
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


def set_mark(pid: int, mark: int) -> None:
    """Give a process, and so all that will come of it, a limit that tells whose it is.

    A limit on POSIX message queues is inherited, survives exec, setsid and a cleaned environment,
    and a byte more or less of it harms nobody.
    """
    if _HAS_PROC:
        with suppress(OSError, ValueError):
            _, hard = resource.prlimit(pid, resource.RLIMIT_MSGQUEUE)
            resource.prlimit(pid, resource.RLIMIT_MSGQUEUE, (_marked_limit(mark), hard))


def _marked_limit(mark: int) -> int:
    own, _ = resource.getrlimit(resource.RLIMIT_MSGQUEUE)
    usual = own if own > _MARKS else _USUAL_QUEUE_BYTES
    return usual - 1 - mark % _MARKS


def strays(table: Collection[Entry], marks: Collection[int]) -> set[int]:
    """Orphans that came to us and that left their session, known by their mark."""
    if not _HAS_PROC or not marks:
        return set()
    limits = {_marked_limit(mark) for mark in marks}
    found: set[int] = set()
    for entry in table:
        if entry.parent == os.getpid():
            with suppress(OSError):
                if resource.prlimit(entry.pid, resource.RLIMIT_MSGQUEUE)[0] in limits:
                    found.add(entry.pid)
    return found


def namesakes(table: Collection[Entry], hostname: str) -> set[int]:
    """Orphans that came to us and hold a pod's HOSTNAME: what was born before its mark was set."""
    if not _HAS_PROC or not hostname:
        return set()
    wanted = b"\0HOSTNAME=" + hostname.encode() + b"\0"
    found: set[int] = set()
    for entry in table:
        if entry.parent == os.getpid() and not entry.is_zombie:
            with suppress(OSError):
                if wanted in b"\0" + Path(f"/proc/{entry.pid}/environ").read_bytes():
                    found.add(entry.pid)
    return found


def send_signal(pids: Iterable[int], number: signal.Signals) -> None:
    for pid in pids:
        with suppress(ProcessLookupError, PermissionError):
            os.kill(pid, number)


async def kill_all(leaders: Mapping[int, int], hostname: str = "") -> None:
    """KILL the families of `leaders` (pid → mark) until none is left, and reap what we adopted.

    The leaders themselves are waited for by who started them. With a `hostname`, all that is left
    of the pod goes.
    """
    for attempt in range(40):
        table = process_table()
        orphans = strays(table, leaders.values()) | namesakes(table, hostname)
        members = family(table, orphans | set(leaders))
        zombies = {entry.pid for entry in table if entry.is_zombie}
        members -= zombies & set(leaders)
        if not members:
            return
        _reap(entry for entry in table if entry.pid in members & zombies)
        # the leaders first: a container's end is all at once, and none may tell of another's
        send_signal(sorted(members - zombies, key=lambda pid: pid not in leaders), signal.SIGKILL)
        await asyncio.sleep(0.002 * min(attempt + 1, 20))


def _reap(zombies: Iterable[Entry]) -> None:
    for entry in zombies:
        if entry.parent == os.getpid():
            with suppress(ChildProcessError):
                os.waitpid(entry.pid, os.WNOHANG)
