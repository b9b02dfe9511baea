"""The log as kept until GitLab has it: a file, with its size and checksum.

Bounded by the output limit, which is applied before. Safe for one writer and one reader thread.
"""

from __future__ import annotations

import os
import threading
import zlib
from pathlib import Path


class Spool:
    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o600)
        self._lock = threading.Lock()
        self._crc = 0
        self.size = 0

    def append(self, data: bytes) -> None:
        with self._lock:
            view = memoryview(data)
            while view:
                view = view[os.write(self._file, view) :]
            self._crc = zlib.crc32(data, self._crc)
            self.size += len(data)

    def read(self, start: int, size: int) -> bytes:
        return os.pread(self._file, size, start)

    def checksum(self) -> tuple[str, int]:
        """`crc32:` with eight hex digits, and the number of bytes, of the whole log."""
        with self._lock:
            return f"crc32:{self._crc:08x}", self.size
