"""Reads a zip file that anybody may have made: what it says of itself is checked before a byte of
it is written, and no entry gives more than it has declared.

The central directory stays as bytes; entries are made from it one at a time. Content is read at
its place in the file, so neither the archive nor a file of it is ever whole in memory.
"""

from __future__ import annotations

import os
import struct
from bisect import bisect_right
from collections.abc import Iterator
from itertools import pairwise

import msgspec

from podlane.helper.archive import codecs, zip_format
from podlane.helper.archive.facts import BLOCK, BadArchive, Meta, decode, show

_SPARE = 128  # what a local header may have more than a central one, to read both at once
_DIRECTORY_LIMIT = 256 * 1024 * 1024
_OUT = 256 * 1024  # larger pieces cost the kernel twice the time


class Entry(msgspec.Struct, frozen=True):
    """`name` as it stands in the archive; a folder's ends in a slash."""

    name: bytes
    method: int
    meta: Meta
    crc: int
    packed: int
    size: int
    offset: int


class ZipReader:
    def __init__(self, file: int) -> None:
        self._file = file
        self.length = os.fstat(file).st_size
        self.count, self._central, self._start = _directory(file, self.length)
        self._offsets: list[int] = []

    def entries(self) -> Iterator[Entry]:
        """In the order of the archive. BadArchive where one cannot be told."""
        at = 0
        for _ in range(self.count):
            entry, at = _entry(self._central, at)
            yield entry

    def lay_out(self, offsets: list[int]) -> None:
        """Learn where all entries begin, so that none can reach into the next."""
        self._offsets = sorted(offsets)
        twice = {a for a, b in pairwise(self._offsets) if a == b}
        for entry in self.entries() if twice else ():
            if entry.offset in twice:
                raise BadArchive(f"the entry {show(decode(entry.name))} overlaps another")

    def content(self, entry: Entry) -> Iterator[bytes]:
        """The content in pieces. BadArchive when it is not what the entry says of it."""
        said = f"the entry {show(decode(entry.name))}"
        count = crc = 0
        try:
            for block in self._unpacked(entry, said):
                count += len(block)
                if count > entry.size:
                    raise BadArchive(f"{said} holds more than it says")
                crc = codecs.crc32(block, crc)
                yield block
        except codecs.errors() as error:
            raise BadArchive(f"{said} is damaged") from error
        if count != entry.size or crc != entry.crc:
            raise BadArchive(f"{said} is damaged")

    def _unpacked(self, entry: Entry, said: str) -> Iterator[bytes]:
        pieces = self._packed(entry, said)
        if entry.method == codecs.STORED:
            yield from pieces
            return
        unpack = codecs.decompressor(entry.method)
        for piece in pieces:
            data: bytes = piece
            while not unpack.eof:
                out = unpack.decompress(data, _OUT)
                data = b""
                if out:
                    yield out
                if unpack.needs_input or not out:
                    break
            if unpack.eof:
                return
        if entry.packed:
            raise BadArchive(f"{said} is damaged")

    def _packed(self, entry: Entry, said: str) -> Iterator[bytes]:
        """What lies in the file for an entry."""
        ahead = zip_format.LOCAL.size + len(entry.name) + _SPARE
        head = os.pread(self._file, ahead + min(entry.packed, BLOCK), entry.offset)
        if len(head) < zip_format.LOCAL.size or not head.startswith(zip_format.LOCAL_SIGN):
            raise BadArchive(f"{said} is not where it should be")
        begin = zip_format.LOCAL.size + sum(struct.unpack_from("<2H", head, 26))
        end = entry.offset + begin + entry.packed
        if end > self._limit(entry.offset):
            raise BadArchive(f"{said} overlaps what comes after it")
        first = head[begin : begin + entry.packed]
        if first:
            yield first
        at = entry.offset + begin + len(first)
        while at < end:
            piece = os.pread(self._file, min(BLOCK, end - at), at)
            if not piece:
                raise BadArchive("it is cut short")
            at += len(piece)
            yield piece

    def _limit(self, offset: int) -> int:
        following = bisect_right(self._offsets, offset)
        return self._offsets[following] if following < len(self._offsets) else self._start


def _directory(file: int, length: int) -> tuple[int, bytes, int]:
    """The number of entries, the central directory, and where it begins."""
    tail_size = min(length, zip_format.END.size + zip_format.FULL16)
    tail = os.pread(file, tail_size, length - tail_size)
    found = _end(tail)
    _, disk, first_disk, _, count, size, start, _ = zip_format.END.unpack_from(tail, found)
    if disk not in (0, zip_format.FULL16) or first_disk not in (0, zip_format.FULL16):
        raise BadArchive("it is one part of several")
    if zip_format.FULL16 in (count,) or zip_format.FULL32 in (size, start):
        wide = _wide_end(file, length - tail_size + found)
        count, size, start = wide or (count, size, start)
    if start + size > length or size > _DIRECTORY_LIMIT or count * 46 > size:
        raise BadArchive("its list of entries is damaged")
    central = os.pread(file, size, start)
    while len(central) < size and (
        more := os.pread(file, size - len(central), start + len(central))
    ):
        central += more
    if len(central) != size:
        raise BadArchive("it is cut short")
    return count, central, start


def _end(tail: bytes) -> int:
    """Where the last record is: its comment, which may hold its sign, must end with the file."""
    at = len(tail)
    while (at := tail.rfind(zip_format.END_SIGN, 0, at)) >= 0:
        comment = tail[at + zip_format.END.size - 2 : at + zip_format.END.size]
        if at + zip_format.END.size + int.from_bytes(comment, "little") == len(tail):
            return at
    raise BadArchive("it is no archive, or it is cut short")


def _wide_end(file: int, end: int) -> tuple[int, int, int] | None:
    at = end - zip_format.LOCATOR64.size
    locator = os.pread(file, zip_format.LOCATOR64.size, at) if at >= 0 else b""
    if len(locator) < zip_format.LOCATOR64.size or locator[:4] != zip_format.LOCATOR64_SIGN:
        return None
    where = zip_format.LOCATOR64.unpack(locator)[2]
    data = os.pread(file, zip_format.END64.size, where) if where < end else b""
    if len(data) < zip_format.END64.size or data[:4] != zip_format.END64_SIGN:
        raise BadArchive("its list of entries is damaged")
    fields = zip_format.END64.unpack(data)
    return fields[7], fields[8], fields[9]


def _entry(central: bytes, at: int) -> tuple[Entry, int]:
    if at + zip_format.CENTRAL.size > len(central):
        raise BadArchive("its list of entries is damaged")
    fields = zip_format.CENTRAL.unpack_from(central, at)
    sign, made_by, _, flags, method, moment, date, crc, packed, size = fields[:10]
    name_size, extra_size, comment_size, _, _, attributes, offset = fields[10:]
    begin = at + zip_format.CENTRAL.size
    after = begin + name_size + extra_size + comment_size
    if sign != zip_format.CENTRAL_SIGN or after > len(central):
        raise BadArchive("its list of entries is damaged")
    name = central[begin : begin + name_size]
    if flags & zip_format.ENCRYPTED:
        raise BadArchive(f"the entry {show(decode(name))} is encrypted")
    extra = central[begin + name_size : begin + name_size + extra_size]
    mtime, owner, wide = _read_extras(extra)
    if wide:
        size, packed, offset = _wide(wide, (size, packed, offset), name)
    if mtime is None:
        mtime = zip_format.read_dos_time(date, moment)
    mode = attributes >> 16 if zip_format.is_from_unix(made_by) else 0
    meta = Meta(mode, mtime, *owner)
    return Entry(name, method, meta, crc, packed, size, offset), after


def _read_extras(extra: bytes) -> tuple[float | None, tuple[int | None, int | None], bytes]:
    """The time, the owner and the 64-bit sizes, as far as they are there."""
    mtime: float | None = None
    owner: tuple[int | None, int | None] = (None, None)
    wide = b""
    for kind, data in zip_format.read_extras(extra):
        if kind == 0x5455 and len(data) >= 5 and data[0] & 1:
            mtime = float(struct.unpack_from("<i", data, 1)[0])
        elif kind == 0x7875:
            owner = zip_format.read_owner(data)
        elif kind == 1:
            wide = data
    return mtime, owner, wide


def _wide(data: bytes, values: tuple[int, int, int], name: bytes) -> tuple[int, int, int]:
    """The 64-bit values of those that did not fit."""
    out = list(values)
    at = 0
    for index, value in enumerate(values):
        if value == zip_format.FULL32:
            if at + 8 > len(data):
                raise BadArchive(f"the entry {show(decode(name))} is damaged")
            out[index] = struct.unpack_from("<Q", data, at)[0]
            at += 8
    return out[0], out[1], out[2]
