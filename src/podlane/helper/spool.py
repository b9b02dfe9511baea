"""The log as kept until GitLab has it: a file, with its size and checksum.

Bounded by the output limit, which is applied before. Safe for one writer and one reader thread.
On a disk that takes no more, a little goes on in memory, and then the log ends with a sentence
that says so: a full disk stops no script.
"""

from __future__ import annotations

import os
import threading
import zlib
from pathlib import Path

_ROOM_BYTES = 1024 * 1024


class Spool:
    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o600)
        self._lock = threading.Lock()
        self._crc = 0
        self._on_disk = 0
        self._in_memory = bytearray()  # what follows the file's bytes, once the disk is full
        self._is_cut = False
        self._why = ""
        self.size = 0

    def append(self, data: bytes) -> None:
        with self._lock:
            if self._is_cut:
                return
            kept = self._write(data)
            if kept < len(data):
                data = data[:kept] + self._remember(data[kept:])
            self._crc = zlib.crc32(data, self._crc)
            self.size += len(data)

    def read(self, start: int, size: int) -> bytes:
        """Bytes that were appended; fewer than `size` at the end of the file's own part."""
        found = os.pread(self._file, min(size, max(0, self._on_disk - start)), start)
        if found or start < self._on_disk:
            return found
        place = start - self._on_disk
        return bytes(self._in_memory[place : place + size])

    def checksum(self) -> tuple[str, int]:
        """`crc32:` with eight hex digits, and the number of bytes, of the whole log."""
        with self._lock:
            return f"crc32:{self._crc:08x}", self.size

    def _write(self, data: bytes) -> int:
        """How many bytes the disk took; none after it has refused once."""
        if self._in_memory:
            return 0
        view = memoryview(data)
        try:
            while view:
                view = view[os.write(self._file, view) :]
        except OSError as error:
            self._why = os.strerror(error.errno or 0)
        taken = len(data) - len(view)
        self._on_disk += taken
        return taken

    def _remember(self, data: bytes) -> bytes:
        room = _ROOM_BYTES - len(self._in_memory)
        if len(data) > room:
            self._is_cut = True
            data = (
                data[:room]
                + (
                    f"\n\x1b[33;1mThe disk that keeps this log takes no more ({self._why}).\n"
                    "Job execution will continue but no more output will be collected.\x1b[0;m\n"
                ).encode()
            )
        self._in_memory += data
        return data
