"""A server program for tests: started on a free port, waited for, stopped by its own pid."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

CACHE = Path(os.environ.get("PODLANE_CLUSTER") or Path.home() / ".cache/podlane-cluster") / "stores"
"""Where programs that had to be built or installed are kept, outside any checkout."""

_START_SECONDS = 30.0


class NotHere(Exception):
    """The program cannot be had on this machine; the message says why."""


def free_port(host: str) -> int:
    with socket.socket() as found:
        found.bind((host, 0))
        return int(found.getsockname()[1])


@contextmanager
def running(
    make: Callable[[int], Sequence[str]],
    host: str,
    folder: Path,
    environ: Mapping[str, str] | None = None,
) -> Iterator[int]:
    """Run the command that `make` gives for a port, until it listens there; the port."""
    folder.mkdir(parents=True, exist_ok=True)
    port = free_port(host)
    with (folder / "server.log").open("wb") as log:
        process = subprocess.Popen(
            list(make(port)),
            cwd=folder,
            env={"PATH": os.environ["PATH"], "HOME": str(folder), **(environ or {})},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    try:
        _wait(process, host, port, folder / "server.log")
        yield port
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def _wait(process: subprocess.Popen[bytes], host: str, port: int, log: Path) -> None:
    until = time.monotonic() + _START_SECONDS
    while time.monotonic() < until:
        if process.poll() is not None:
            break
        with contextlib.suppress(OSError), socket.create_connection((host, port), 1):
            return
        time.sleep(0.05)
    raise RuntimeError(f"the server did not start: {log.read_text(errors='replace')[-2000:]}")
