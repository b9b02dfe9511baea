"""The output limit: the log is cut at it, a notice follows, and what comes later is dropped."""

from __future__ import annotations


class Limit:
    """Feed bytes in, get the bytes that are still within `limit_bytes` out."""

    def __init__(self, limit_bytes: int) -> None:
        self._limit = limit_bytes
        self._left = limit_bytes
        self.is_reached = False

    def feed(self, data: bytes) -> bytes:
        if self.is_reached:
            return b""
        if len(data) < self._left:
            self._left -= len(data)
            return data
        self.is_reached = True
        return _whole_characters(data[: self._left]) + self._notice()

    def _notice(self) -> bytes:
        """gitlab-runner's own words; not counted against the limit."""
        return (
            f"\n\x1b[33;1mJob's log exceeded limit of {self._limit} bytes.\n"
            "Job execution will continue but no more output will be collected.\x1b[0;m\n"
        ).encode()


def _whole_characters(data: bytes) -> bytes:
    """Cut a UTF-8 character off the end that is not whole."""
    for back in range(1, min(4, len(data)) + 1):
        byte = data[-back]
        if byte & 0xC0 == 0x80:
            continue
        size = 1 if byte < 0x80 else 2 if byte < 0xE0 else 3 if byte < 0xF0 else 4
        return data[:-back] if size > back else data
    return data
