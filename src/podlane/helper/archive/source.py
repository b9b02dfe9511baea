"""The files of a project on their way into an archive, read as they are: links as links, and never
through one, whatever another process does meanwhile to the tree.

A file that grows while it is read is taken at the length it had; one that shrinks, as it is; one
that went away is left out. Each is told once.
"""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import msgspec

from podlane.helper.archive.facts import BLOCK, Meta, Warnings, decode, encode, show
from podlane.helper.archive.folders import Folders

_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY


class Item(msgspec.Struct, frozen=True):
    """`file`: a descriptor, of a file; `target`: where a link leads; `data`: a file's content that
    is in memory."""

    name: bytes
    kind: Literal["file", "folder", "link"]
    meta: Meta
    size: int = 0
    file: int = -1
    target: bytes = b""
    data: bytes | None = None


class Source:
    def __init__(self, project: Path, warnings: Warnings) -> None:
        self._folders = Folders(project)
        self._warnings = warnings
        self._buffer = bytearray(BLOCK)

    def items(self, names: list[str]) -> Iterator[Item]:
        """One after another; a file is open until the next one is asked for."""
        try:
            for name in names:
                item = self._item(name)
                if item is None:
                    continue
                try:
                    yield item
                finally:
                    if item.file >= 0:
                        os.close(item.file)
        finally:
            self._folders.close()

    def read(self, item: Item) -> bytes:
        """A small file at once."""
        if item.data is not None:
            return item.data
        data = os.read(item.file, item.size) if item.size else b""
        while len(data) < item.size and (more := os.read(item.file, item.size - len(data))):
            data += more
        self._look_again(item, len(data))
        return data

    def blocks(self, item: Item) -> Iterator[memoryview]:
        """A file in pieces, each good until the next; no more than it had when it was opened."""
        if item.data is not None:
            yield memoryview(item.data)
            return
        view = memoryview(self._buffer)
        left = item.size
        while left:
            count = os.readv(item.file, [view[: min(left, BLOCK)]])
            if not count:
                break
            left -= count
            yield view[:count]
        self._look_again(item, item.size - left)

    def made(self, name: str, data: bytes) -> Item:
        """A file that is nowhere but in memory."""
        meta = Meta(stat.S_IFREG | 0o644, time.time(), os.geteuid(), os.getegid())
        return Item(encode(name), "file", meta, len(data), data=data)

    def _item(self, name: str) -> Item | None:
        path = encode(name)
        *folder, last = path.split(b"/")
        try:
            return self._look(path, last, self._folder(folder))
        except (FileNotFoundError, NotADirectoryError):
            self._warnings.add(f"{show(name)} went away before it could be packed")
            return None
        except OSError as error:
            raise OSError(error.errno, error.strerror, name) from error

    def _folder(self, parts: list[bytes]) -> int:
        try:
            return self._folders.open(parts)
        except NotADirectoryError:  # perhaps a link: one that stays inside is followed
            real = self._folders.resolve(parts)
            if real is None:
                raise
            return self._folders.open(real)

    def _look(self, path: bytes, last: bytes, where: int) -> Item | None:
        seen = os.stat(last, dir_fd=where, follow_symlinks=False)
        if stat.S_ISREG(seen.st_mode):
            return self._open(path, last, where)
        if stat.S_ISDIR(seen.st_mode):
            return Item(path, "folder", _meta(seen))
        if stat.S_ISLNK(seen.st_mode):
            return Item(path, "link", _meta(seen), target=os.readlink(last, dir_fd=where))
        self._warnings.add(f"{show(decode(path))} is {_kind(seen.st_mode)} and is left out")
        return None

    def _open(self, path: bytes, last: bytes, where: int) -> Item | None:
        file = os.open(last, _FILE, dir_fd=where)
        seen = os.fstat(file)
        if not stat.S_ISREG(seen.st_mode):
            os.close(file)
            self._warnings.add(f"{show(decode(path))} is no longer a file and is left out")
            return None
        return Item(path, "file", _meta(seen), seen.st_size, file)

    def _look_again(self, item: Item, count: int) -> None:
        seen = os.fstat(item.file)
        if count != item.size or seen.st_size != item.size or seen.st_mtime != item.meta.mtime:
            self._warnings.add(f"{show(decode(item.name))} changed while it was packed")


def _meta(seen: os.stat_result) -> Meta:
    return Meta(seen.st_mode, seen.st_mtime, seen.st_uid, seen.st_gid)


def _kind(mode: int) -> str:
    names = ((stat.S_ISSOCK, "a socket"), (stat.S_ISFIFO, "a pipe"))
    return next((name for is_kind, name in names if is_kind(mode)), "a device")
