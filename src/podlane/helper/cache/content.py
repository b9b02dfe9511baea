"""What a cache holds, told by names, modes and checksums, and not by times: a fresh checkout gives
every file a new time, and the content is the same.

A zip's list of entries tells all of it, whoever wrote the archive. A tar.zst has no such list, so
ours end in a digest, in a frame that every zstd skips.
"""

from __future__ import annotations

import hashlib
import os
import stat
import struct
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import msgspec

from podlane.helper.archive import BadArchive, codecs

_BLOCK = 256 * 1024
_SKIPPED = struct.pack("<II", 0x184D2A5B, 8 + 32)
_OURS = b"podlane1"
_ENDING = len(_SKIPPED) + len(_OURS) + 32


class Entry(msgspec.Struct, frozen=True):
    """`mode`: the permissions of a file, 0 of all else: a folder's vary with the umask."""

    name: bytes
    kind: int
    mode: int
    size: int
    crc: int


def digest(entries: Iterable[Entry]) -> bytes:
    """One value for a content, whatever the order of its entries."""
    made = hashlib.sha256()
    for entry in sorted(entries, key=lambda item: item.name):
        made.update(f"{len(entry.name)}:".encode() + entry.name)
        made.update(struct.pack("<IIQI", entry.kind, entry.mode, entry.size, entry.crc))
    return made.digest()


def of_archive(archive: Path) -> bytes | None:
    """The digest of what an archive holds; None when it does not tell."""
    with archive.open("rb") as file:
        size = os.fstat(file.fileno()).st_size
        ending = os.pread(file.fileno(), _ENDING, max(0, size - _ENDING))
        if ending.startswith(_SKIPPED + _OURS):
            return ending[-32:]
        if _is_tar(os.pread(file.fileno(), 4, 0)):
            return None
        try:
            return digest(_listed(file.fileno()))
        except BadArchive:
            return None


def of_project(project: Path, names: Iterable[str], step: Callable[[int], None]) -> bytes | None:
    """The digest of what would be packed; None when a file of it cannot be read now.

    `step` is told each block's bytes; what it raises ends the reading.
    """
    try:
        return digest(_seen(project, names, step))
    except OSError:
        return None


def sign(archive: Path, made: bytes) -> None:
    """Append the digest to an archive that cannot tell by itself."""
    with archive.open("ab") as file:
        file.write(_SKIPPED + _OURS + made)


def _is_tar(first: bytes) -> bool:
    return first == b"\x28\xb5\x2f\xfd"


def _listed(file: int) -> Iterator[Entry]:
    from podlane.helper.archive.zip_reader import ZipReader

    for entry in ZipReader(file).entries():
        name = entry.name.rstrip(b"/")
        mode = entry.meta.mode
        kind = stat.S_IFMT(mode) or (stat.S_IFDIR if entry.name.endswith(b"/") else stat.S_IFREG)
        yield _entry(name, kind | stat.S_IMODE(mode), entry.size, entry.crc)


def _seen(project: Path, names: Iterable[str], step: Callable[[int], None]) -> Iterator[Entry]:
    root = os.fsencode(project)
    for text in names:
        name = text.encode("utf-8", "surrogateescape")
        path = os.path.join(root, name)  # noqa: PTH118 - bytes, and thousands of them
        seen = os.lstat(path)
        if stat.S_ISREG(seen.st_mode):
            yield _entry(name, seen.st_mode, *_read(path, step))
        elif stat.S_ISLNK(seen.st_mode):
            target = os.readlink(path)  # noqa: PTH115 - bytes
            yield _entry(name, seen.st_mode, len(target), codecs.crc32(target))
        elif stat.S_ISDIR(seen.st_mode):
            yield _entry(name, seen.st_mode, 0, 0)


def _read(path: bytes, step: Callable[[int], None]) -> tuple[int, int]:
    """Size and checksum of a file, never read through a link or from a pipe."""
    file = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    size = crc = 0
    try:
        while block := os.read(file, _BLOCK):
            size += len(block)
            crc = codecs.crc32(block, crc)
            step(len(block))
    finally:
        os.close(file)
    return size, crc


def _entry(name: bytes, mode: int, size: int, crc: int) -> Entry:
    kind = stat.S_IFMT(mode)
    is_file = kind == stat.S_IFREG
    return Entry(name, kind, mode & 0o777 if is_file else 0, size, crc)
