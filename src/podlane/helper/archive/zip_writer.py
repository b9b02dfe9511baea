"""Writes a zip file: sizes in front of each entry, as far as they can be known, and 64-bit forms
only where they are needed, so that every reader takes it.

Small files are packed at once; large ones block by block, and their header is put right after it.
"""

from __future__ import annotations

from typing import BinaryIO

from podlane.helper.archive import zip_format
from podlane.helper.archive.codecs import STORED, Packer, crc32
from podlane.helper.archive.facts import BLOCK, Progress
from podlane.helper.archive.source import Item, Source
from podlane.helper.archive.zip_format import Record

_LARGE = 0xF0000000  # from here on 64-bit sizes: packing can make noise a little larger


class ZipWriter:
    """The central directory is kept as bytes until the end: about 120 for a file."""

    def __init__(self, out: BinaryIO, packer: Packer, progress: Progress | None) -> None:
        self._out = out
        self._packer = packer
        self._progress = progress
        self._central = bytearray()
        self._at = 0
        self.files = 0

    def add(self, item: Item, source: Source) -> None:
        record = Record(item.name, STORED, item.meta, offset=self._at)
        if item.kind == "folder":
            record.name += b"/"
            record.is_folder = True
            self._whole(record, b"")
        elif item.kind == "link":
            self._whole(record, item.target)
        elif item.size <= BLOCK:
            data = source.read(item)
            packed = self._packer.at_once(data) if data else b""
            if data and len(packed) < len(data):
                record.method = self._packer.method
            else:
                packed = data
            self._whole(record, data, packed)
        else:
            self._blocks(record, item, source)
        self._central += zip_format.central_header(record)
        self.files += 1

    def finish(self) -> int:
        """Write what closes the archive and return its size."""
        end = zip_format.end_records(self.files, len(self._central), self._at)
        self._out.write(self._central)
        self._out.write(end)
        return self._at + len(self._central) + len(end)

    def _whole(self, record: Record, data: bytes, packed: bytes | None = None) -> None:
        body = data if packed is None else packed
        record.crc = crc32(data)
        record.size, record.packed = len(data), len(body)
        self._write(zip_format.local_header(record))
        self._write(body)
        self._tell(len(data))

    def _blocks(self, record: Record, item: Item, source: Source) -> None:
        record.method = self._packer.method
        record.is_large = item.size >= _LARGE
        self._write(zip_format.local_header(record))
        start, crc = self._at, 0
        compressor = self._packer.begin()
        for block in source.blocks(item):
            crc = crc32(block, crc)
            record.size += len(block)
            self._write(compressor.compress(block))
            self._tell(len(block))
        self._write(compressor.flush())
        record.crc, record.packed = crc, self._at - start
        self._out.seek(record.offset)
        self._out.write(zip_format.local_header(record))
        self._out.seek(self._at)

    def _write(self, data: bytes) -> None:
        if data:
            self._out.write(data)
            self._at += len(data)

    def _tell(self, count: int) -> None:
        if self._progress is not None:
            self._progress(count)
