"""Take an archive apart, whatever its format, which its first bytes tell."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from podlane.helper.archive.bound import Bound
from podlane.helper.archive.facts import BadArchive, Progress, Unpacked, decode, show
from podlane.helper.archive.tree import Tree, parts_of
from podlane.helper.archive.zip_reader import Entry, ZipReader

_ZSTANDARD = b"\x28\xb5\x2f\xfd"
_LONGEST_TARGET = 64 * 1024


def unpack(source: Path, project: Path, *, progress: Progress | None = None) -> Unpacked:
    """Write all entries below the project.

    BadArchive names the entry that may not be written, OSError the one that cannot.
    """
    with source.open("rb") as file:
        tree = Tree(project)
        try:
            if _is_tar(file):
                from podlane.helper.archive.tar_reader import unpack_tar

                return unpack_tar(file, project, tree, progress)
            return _unpack_zip(ZipReader(file.fileno()), project, tree, progress)
        finally:
            tree.close()


def names(source: Path) -> set[str]:
    """The names of all entries, without the slash of a folder. BadArchive when it is no archive."""
    with source.open("rb") as file:
        if _is_tar(file):
            from podlane.helper.archive.tar_reader import read_names

            return read_names(file)
        reader = ZipReader(file.fileno())
        return {decode(entry.name.rstrip(b"/")) for entry in reader.entries()}


def _is_tar(file: BinaryIO) -> bool:
    return os.pread(file.fileno(), 4, 0) == _ZSTANDARD


def _unpack_zip(
    reader: ZipReader, project: Path, tree: Tree, progress: Progress | None
) -> Unpacked:
    _check(reader, tree, Bound(reader.length, project))
    size = 0
    for entry in reader.entries():
        size += _write(reader, entry, tree, progress)
    tree.finish()
    return Unpacked(size, reader.count, tree.warnings.all())


def _check(reader: ZipReader, tree: Tree, bound: Bound) -> None:
    """Refuse what can be refused before a byte is written."""
    known: set[int] = set()
    offsets: list[int] = []
    for entry in reader.entries():
        parts = parts_of(entry.name)
        said = decode(entry.name)
        kind = stat.S_IFMT(entry.meta.mode)
        if kind not in (0, stat.S_IFREG, stat.S_IFDIR, stat.S_IFLNK):
            raise BadArchive(f"the entry {show(said)} is neither file, folder nor link")
        if not parts and not entry.name.endswith(b"/"):
            raise BadArchive(f"the entry {show(said)} has no name")
        if hash(parts) in known:  # by number: the names of 100,000 files are many MB
            raise BadArchive(f"the entry {show(said)} is there twice")
        known.add(hash(parts))
        offsets.append(entry.offset)
        bound.add(said, entry.size)
    reader.lay_out(offsets)
    if bound.is_tight:
        bound.make_room(sum(tree.size_of(parts_of(entry.name)) for entry in reader.entries()))


def _write(reader: ZipReader, entry: Entry, tree: Tree, progress: Progress | None) -> int:
    parts = parts_of(entry.name)
    if entry.name.endswith(b"/") or stat.S_ISDIR(entry.meta.mode):
        tree.folder(parts, entry.meta)
        return 0
    if stat.S_ISLNK(entry.meta.mode):
        if entry.size > _LONGEST_TARGET:
            raise BadArchive(f"the entry {show(decode(entry.name))} is no link")
        tree.link(parts, entry.meta, b"".join(reader.content(entry)))
        return 0
    return tree.file(parts, entry.meta, _content(reader, entry, progress))


def _content(reader: ZipReader, entry: Entry, progress: Progress | None) -> Iterator[bytes]:
    for block in reader.content(entry):
        yield block
        if progress is not None:
            progress(len(block))
