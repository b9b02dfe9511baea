"""Programs that the helper runs itself (git, hooks): their output goes to the log, and they end
when the job does."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from podlane.helper.work import Work

_BLOCK = 64 * 1024
Hear = Callable[[bytes], None]


class TimeIsUp(Exception):
    """The time given to a program is over; it has been ended."""


def nobody(_data: bytes) -> None:
    """Hear nothing."""


def run(  # noqa: PLR0913 - what a process is given, and until when
    work: Work,
    command: Sequence[str],
    env: Mapping[str, str],
    folder: Path | None = None,
    *,
    hear: Hear = nobody,
    until: float | None = None,
) -> int:
    """Run to the end and return the exit status; StageFailed or JobStopped when the job ends,
    TimeIsUp at `until` (monotonic). `hear` gets what is printed as the log does."""
    process = subprocess.Popen(
        command,
        cwd=folder,
        env=dict(env),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    assert process.stdout is not None
    work.meter.program_began(process.pid)
    try:
        _pump(work, process.stdout.fileno(), hear, until)
        status = process.wait()
        work.meter.program_ended(_name(command), status)
        return status
    finally:
        _end(process)


def _name(command: Sequence[str]) -> str:
    """`git fetch`: the program and its verb, without options and arguments."""
    words = list(command)
    verb, index = "", 1
    while not verb and index < len(words):
        is_pair = words[index] in ("-c", "-C")
        verb = "" if words[index].startswith("-") else words[index]
        index += 2 if is_pair else 1
    program = words[0].rpartition("/")[2]
    return f"{program} {verb}" if program == "git" else program


def output(
    command: Sequence[str], env: Mapping[str, str], folder: Path, typed: bytes = b""
) -> bytes | None:
    """The output of a short command, or None when it failed."""
    done = subprocess.run(
        command,
        cwd=folder,
        env=dict(env),
        input=typed,
        capture_output=True,
        check=False,
    )
    return done.stdout if done.returncode == 0 else None


def _pump(work: Work, out: int, hear: Hear, until: float | None) -> None:
    while True:
        left = max(0.0, work.until(until) - time.monotonic())
        ready, _, _ = select.select([out, work.wake_pipe[0]], [], [], left)
        if out in ready:
            data = os.read(out, _BLOCK)
            if not data:
                return
            work.trace.script(data)
            hear(data)
        if work.wake_pipe[0] in ready:
            work.clear_wake()
        work.check()
        if until is not None and time.monotonic() >= until:
            raise TimeIsUp


def _end(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    if process.stdout is not None:
        process.stdout.close()
