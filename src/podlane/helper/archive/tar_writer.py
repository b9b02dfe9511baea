"""Writes a tar file, compressed by zstd as it grows."""

from __future__ import annotations

from typing import BinaryIO

from podlane.helper.archive import codecs, tar_format
from podlane.helper.archive.facts import Level, Progress
from podlane.helper.archive.source import Item, Source
from podlane.helper.archive.tar_format import Header

_KINDS = {"file": tar_format.FILE, "folder": tar_format.FOLDER, "link": tar_format.LINK}


class TarWriter:
    def __init__(self, out: BinaryIO, level: Level, progress: Progress | None) -> None:
        self._out = out
        self._compressor = codecs.zstd_compressor(level)
        self._progress = progress
        self._size = 0
        self.files = 0

    def add(self, item: Item, source: Source) -> None:
        self._write(
            tar_format.write(
                Header(
                    item.name + b"/" if item.kind == "folder" else item.name,
                    _KINDS[item.kind],
                    item.meta.mode,
                    item.meta.uid or 0,
                    item.meta.gid or 0,
                    item.size,
                    item.meta.mtime,
                    item.target,
                )
            )
        )
        count = 0
        for block in source.blocks(item) if item.kind == "file" else ():
            count += len(block)
            self._write(block)
            if self._progress is not None:
                self._progress(len(block))
        while count < item.size:  # it shrank, but its header has told its size already
            gap = min(item.size - count, tar_format.RECORD * 128)
            self._write(bytes(gap))
            count += gap
        self._write(tar_format.padding(item.size))
        self.files += 1

    def finish(self) -> int:
        self._write(bytes(2 * tar_format.RECORD))
        self._put(self._compressor.flush())
        return self._size

    def _write(self, data: bytes | memoryview) -> None:
        self._put(self._compressor.compress(data))

    def _put(self, packed: bytes) -> None:
        self._out.write(packed)
        self._size += len(packed)
