"""Reports as GitLab reads them: gzip members in a row, one for each file, or one file as it is."""

from __future__ import annotations

import struct
from collections.abc import Iterable
from pathlib import Path
from typing import BinaryIO
from urllib.parse import quote

from podlane.helper.archive import codecs
from podlane.helper.archive.facts import Level, Packed, Progress, Warnings, decode, show
from podlane.helper.archive.source import Item, Source

_HEAD = struct.Struct("<4BIBB")
_NAME, _COMMENT, _ANY_SYSTEM = 8, 16, 255


class NotOneFile(Exception):
    """`count` files were there where just one may be."""

    def __init__(self, count: int) -> None:
        super().__init__(count)
        self.count = count


def gzip(
    target: Path,
    project: Path,
    wanted: Iterable[str],
    *,
    level: Level = "default",
    progress: Progress | None = None,
) -> Packed:
    """Write the files, each with its name and path; folders and links are left out."""
    warnings, files = Warnings(), 0
    source = Source(project, warnings)
    packer = codecs.deflate_packer("fast" if level == "fastest" else level)
    with target.open("wb") as out:
        for item in source.items(sorted(wanted)):
            if _is_file(item, warnings):
                _member(out, item, source, packer, progress)
                files += 1
        size = out.tell()
    return Packed(size, files, warnings.all())


def raw(
    target: Path, project: Path, wanted: Iterable[str], *, progress: Progress | None = None
) -> Packed:
    """Copy the one file that is wanted. NotOneFile when there are more, or none."""
    warnings, files = Warnings(), 0
    source = Source(project, warnings)
    with target.open("wb") as out:
        for item in source.items(list(wanted)):
            if not _is_file(item, warnings):
                continue
            files += 1
            for block in source.blocks(item) if files == 1 else ():
                out.write(block)
                if progress is not None:
                    progress(len(block))
        size = out.tell()
    if files != 1:
        raise NotOneFile(files)
    return Packed(size, files, warnings.all())


def _is_file(item: Item, warnings: Warnings) -> bool:
    if item.kind == "link":
        warnings.add(f"{show(decode(item.name))} is a link, not a file, and is left out")
    return item.kind == "file"


def _member(
    out: BinaryIO, item: Item, source: Source, packer: codecs.Packer, progress: Progress | None
) -> None:
    path = decode(item.name)
    moment = max(0, min(int(item.meta.mtime), 0xFFFFFFFF))
    out.write(_HEAD.pack(0x1F, 0x8B, 8, _NAME | _COMMENT, moment, 0, _ANY_SYSTEM))
    out.write(_header_text(path.rpartition("/")[2]) + b"\0" + _header_text(path) + b"\0")
    crc = size = 0
    compressor = packer.begin()
    for block in source.blocks(item):
        crc = codecs.crc32(block, crc)
        size += len(block)
        out.write(compressor.compress(block))
        if progress is not None:
            progress(len(block))
    out.write(compressor.flush())
    out.write(struct.pack("<II", crc, size & 0xFFFFFFFF))


def _header_text(text: str) -> bytes:
    """A gzip header knows one sign a byte: other names are written as in a URL, and marked."""
    if text.isascii() and "%" not in text and "\0" not in text:
        return text.encode()
    return b"e:" + quote(text.encode("utf-8", "surrogateescape"), safe="/").encode()
