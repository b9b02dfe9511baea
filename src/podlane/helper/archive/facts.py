"""What the parts of the archive engine hand to each other, and to its callers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import msgspec

BLOCK = 256 * 1024
MOST_WARNINGS = 10

# called with the number of bytes that have passed since the last call; what it raises ends the work
Progress = Callable[[int], None]
Format = Literal["zip", "zipzstd", "tarzstd"]
Level = Literal["fastest", "fast", "default", "slow", "slowest"]


class BadArchive(Exception):
    """The archive is no archive, or an entry of it may not be written."""


class Packed(msgspec.Struct, frozen=True):
    """`size`: of the archive; `files`: entries in it, folders and links too."""

    size: int
    files: int
    warnings: tuple[str, ...] = ()


class Unpacked(msgspec.Struct, frozen=True):
    """`size`: bytes that were written; `files`: entries, folders and links too."""

    size: int
    files: int
    warnings: tuple[str, ...] = ()


class Meta(msgspec.Struct, frozen=True):
    """A file's facts beside its content. `mode`: with the type's bits; 0: not known."""

    mode: int
    mtime: float
    uid: int | None = None
    gid: int | None = None


class Warnings:
    """The first few sentences of a kind that may come ten thousand times, and how many more."""

    def __init__(self) -> None:
        self._said: list[str] = []
        self._more = 0

    def add(self, text: str) -> None:
        if len(self._said) < MOST_WARNINGS:
            self._said.append(text)
        else:
            self._more += 1

    def all(self) -> tuple[str, ...]:
        more = (f"{self._more} more warnings of this kind are left out",) if self._more else ()
        return (*self._said, *more)


def show(name: str) -> str:
    """A name as a message holds it: no sign that could move the cursor or break the line."""
    return repr(name) if len(name) <= 300 else f"{name[:300]!r}…"


def encode(name: str) -> bytes:
    return name.encode("utf-8", "surrogateescape")


def decode(name: bytes) -> str:
    return name.decode("utf-8", "surrogateescape")
