"""Folders below a root, reached part by part through descriptors, no link ever followed.

Whatever another process does meanwhile to the tree, no name is looked up outside of it. The way to
the last folder is kept open, since names come folder by folder.
"""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType

from podlane.helper.archive.facts import encode

# O_PATH needs the right to pass through only, where there is such a thing
_WAY = os.O_DIRECTORY | os.O_NOFOLLOW | getattr(os, "O_PATH", os.O_RDONLY)
_MOST_LINKS = 40
_KEPT = 64  # levels whose descriptors are kept: a deep tree must not use them all up


class Folders:
    def __init__(self, root: Path) -> None:
        self.root = os.open(root, _WAY & ~os.O_NOFOLLOW)
        self._path = encode(str(root)).rstrip(b"/")
        self._chain: list[tuple[bytes, int]] = []
        self._deep = -1

    def open(self, parts: Sequence[bytes], *, make: bool = False) -> int:
        """The descriptor of a folder, good until the next call. OSError when a part is none.

        `make`: parts that are missing are made.
        """
        self._close_deep()
        kept = 0
        while kept < min(len(parts), len(self._chain)) and self._chain[kept][0] == parts[kept]:
            kept += 1
        self._cut(kept)
        for part in parts[kept:_KEPT]:
            self._chain.append((part, _enter(self._last(), part, make=make)))
        found = self._last()
        for part in parts[_KEPT:]:
            try:
                entered = _enter(found, part, make=make)
            finally:
                self._close_deep()
            found = self._deep = entered
        return found

    def resolve(self, parts: Sequence[bytes]) -> list[bytes] | None:
        """Where the parts lead, links followed as long as they stay below the root; else None.

        OSError when a part is not there.
        """
        waiting, links = list(parts), 0
        done: list[bytes] = []
        while waiting:
            part = waiting.pop(0)
            if part == b"..":
                if not done:
                    return None
                done.pop()
            elif part not in (b"", b"."):
                target = self._target([*done, part])
                if target is None:
                    done.append(part)
                    continue
                links += 1
                if target.startswith(b"/"):
                    target, done = target.removeprefix(self._path + b"/"), []
                if target.startswith(b"/") or links > _MOST_LINKS:
                    return None
                waiting[:0] = target.split(b"/")
        return done

    def _target(self, parts: list[bytes]) -> bytes | None:
        """Where a link leads; None for what is none."""
        where = self.open(parts[:-1])
        if not stat.S_ISLNK(os.stat(parts[-1], dir_fd=where, follow_symlinks=False).st_mode):
            return None
        return os.readlink(parts[-1], dir_fd=where)

    def close(self) -> None:
        self._close_deep()
        self._cut(0)
        os.close(self.root)

    def __enter__(self) -> Folders:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self.close()

    def _last(self) -> int:
        return self._chain[-1][1] if self._chain else self.root

    def _cut(self, length: int) -> None:
        while len(self._chain) > length:
            os.close(self._chain.pop()[1])

    def _close_deep(self) -> None:
        if self._deep >= 0:
            os.close(self._deep)
            self._deep = -1


def _enter(parent: int, part: bytes, *, make: bool) -> int:
    try:
        return os.open(part, _WAY, dir_fd=parent)
    except FileNotFoundError:
        if not make:
            raise
    with contextlib.suppress(FileExistsError):  # somebody was quicker
        os.mkdir(part, 0o777, dir_fd=parent)
    return os.open(part, _WAY, dir_fd=parent)
