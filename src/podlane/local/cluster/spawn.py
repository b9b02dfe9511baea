"""Start a container's main process, hear of its end, and keep a bounded copy of its output."""

from __future__ import annotations

import asyncio
import os
import subprocess
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from podlane.local.cluster import processes


class Process:
    """A process that leads its own session. Its end is heard without a thread where pidfds are.

    It is started in one step, without a pause of the event loop: its mark is set before it has
    had the time to start anything.
    """

    def __init__(
        self,
        words: Sequence[str],
        mark: int,
        *,
        folder: Path,
        environ: Mapping[str, str],
        output: int,
    ) -> None:
        self._popen = subprocess.Popen(
            words,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            cwd=folder,
            env=environ,
            start_new_session=True,
        )
        processes.set_mark(self._popen.pid, mark)
        self.pid = self._popen.pid
        self._loop = asyncio.get_running_loop()
        self._ended = asyncio.Event()
        self._watch()

    @property
    def returncode(self) -> int | None:
        return self._popen.returncode

    async def wait(self) -> int:
        await self._ended.wait()
        return self._popen.wait()

    def _watch(self) -> None:
        try:
            pidfd = os.pidfd_open(self.pid)
        except (AttributeError, OSError):
            name = f"waits for process {self.pid}"
            threading.Thread(target=self._wait_in_thread, name=name, daemon=True).start()
        else:
            self._loop.add_reader(pidfd, self._hear, pidfd)

    def _hear(self, pidfd: int) -> None:
        if self._popen.poll() is not None:
            self._loop.remove_reader(pidfd)
            os.close(pidfd)
            self._ended.set()

    def _wait_in_thread(self) -> None:
        self._popen.wait()
        with suppress(RuntimeError):  # the loop may have been closed
            self._loop.call_soon_threadsafe(self._ended.set)


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
