"""Reads a tar file compressed by zstd, one pass from front to end."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from podlane.helper.archive import codecs, tar_format
from podlane.helper.archive.bound import Bound
from podlane.helper.archive.facts import (
    BLOCK,
    BadArchive,
    Meta,
    Progress,
    Unpacked,
    decode,
    show,
)
from podlane.helper.archive.tar_format import RECORD, Header
from podlane.helper.archive.tree import Tree, parts_of

_LONGEST_EXTRA = 1024 * 1024  # a pax header, or a long name: they are read whole


class Stream:
    """The unpacked bytes, of one frame or of several in a row."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._unpack = codecs.zstd_decompressor()
        self._held = b""
        self._at = 0

    def read(self, size: int) -> bytes:
        """Exactly that many bytes. BadArchive when there are not."""
        return b"".join(self.blocks(size))

    def blocks(self, size: int) -> Iterator[bytes]:
        while size:
            if self._at == len(self._held):
                self._held, self._at = self._more(), 0
                if not self._held:
                    raise BadArchive("it is cut short")
            piece = self._held[self._at : self._at + size]
            self._at += len(piece)
            size -= len(piece)
            yield piece

    def _more(self) -> bytes:
        try:
            while True:
                if self._unpack.eof:
                    rest = self._unpack.unused_data or self._file.read(BLOCK)
                    if not rest:
                        return b""
                    self._unpack = codecs.zstd_decompressor()
                else:
                    rest = self._file.read(BLOCK) if self._unpack.needs_input else b""
                    if not rest and self._unpack.needs_input:
                        return b""
                out: bytes = self._unpack.decompress(rest, BLOCK)
                if out:
                    return out
        except codecs.errors() as error:
            raise BadArchive("it is damaged") from error


def unpack_tar(file: BinaryIO, project: Path, tree: Tree, progress: Progress | None) -> Unpacked:
    stream = Stream(file)
    bound = Bound(os.fstat(file.fileno()).st_size, project)
    known: set[int] = set()
    size = count = freed = 0
    for header in _headers(stream):
        parts = parts_of(header.name)
        said = f"the entry {show(decode(header.name))}"
        if not parts and header.kind != tar_format.FOLDER:
            raise BadArchive(f"{said} has no name")
        if hash(parts) in known:
            raise BadArchive(f"{said} is there twice")
        known.add(hash(parts))
        bound.add(decode(header.name), header.size)
        freed += tree.size_of(parts)
        if bound.is_tight:
            bound.make_room(freed)
        size += _write(stream, header, tree, progress)
        count += 1
    tree.finish()
    return Unpacked(size, count, tree.warnings.all())


def read_names(file: BinaryIO) -> set[str]:
    stream = Stream(file)
    found = set()
    for header in _headers(stream):
        found.add(decode(header.name.rstrip(b"/")))
        for _ in stream.blocks(header.size + -header.size % RECORD):
            pass
    return found


def _write(stream: Stream, header: Header, tree: Tree, progress: Progress | None) -> int:
    parts = parts_of(header.name)
    meta = Meta(header.mode, header.mtime, header.uid, header.gid)
    if header.kind == tar_format.FOLDER:
        tree.folder(parts, meta)
    elif header.kind == tar_format.LINK:
        tree.link(parts, meta, header.target)
    elif header.kind in (tar_format.FILE, b"7"):
        tree.file(parts, meta, _content(stream, header.size, progress))
        for _ in stream.blocks(-header.size % RECORD):
            pass
        return header.size
    elif header.kind == tar_format.HARD_LINK:
        raise BadArchive(f"the entry {show(decode(header.name))} is a hard link")
    else:
        raise BadArchive(f"the entry {show(decode(header.name))} is neither file, folder nor link")
    for _ in stream.blocks(header.size + -header.size % RECORD):
        pass
    return 0


def _content(stream: Stream, size: int, progress: Progress | None) -> Iterator[bytes]:
    for block in stream.blocks(size):
        yield block
        if progress is not None:
            progress(len(block))


def _headers(stream: Stream) -> Iterator[Header]:
    """Each entry; the caller reads its content before the next one is asked for."""
    wide: dict[bytes, bytes] = {}
    while (header := tar_format.read(stream.read(RECORD))) is not None:
        if header.kind in (tar_format.PAX, tar_format.PAX_GLOBAL):
            data = _extra(stream, header)
            if header.kind == tar_format.PAX:
                wide |= tar_format.read_pax(data)
        elif header.kind in (tar_format.LONG_NAME, tar_format.LONG_TARGET):
            key = b"path" if header.kind == tar_format.LONG_NAME else b"linkpath"
            wide[key] = _extra(stream, header).partition(b"\0")[0]
        else:
            tar_format.lay_over(header, wide)
            wide = {}
            yield header


def _extra(stream: Stream, header: Header) -> bytes:
    if header.size > _LONGEST_EXTRA:
        raise BadArchive("a header in it is longer than any that is needed")
    data = stream.read(header.size)
    stream.read(-header.size % RECORD)
    return data
