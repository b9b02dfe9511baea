"""The records of a zip file, as bytes: pure packing and unpacking, nothing else.

Beside the names every entry carries what Unix needs: its mode, its owner (0x7875) and the time of
its last change (0x5455).
"""

from __future__ import annotations

import struct
import time
from collections.abc import Iterator
from functools import lru_cache

import msgspec

from podlane.helper.archive.facts import Meta

LOCAL = struct.Struct("<4s5H3I2H")
CENTRAL = struct.Struct("<4s6H3I5H2I")
END = struct.Struct("<4s4H2IH")
END64 = struct.Struct("<4sQ2H2I4Q")
LOCATOR64 = struct.Struct("<4sIQI")
LOCAL_SIGN, CENTRAL_SIGN, END_SIGN = b"PK\3\4", b"PK\1\2", b"PK\5\6"
END64_SIGN, LOCATOR64_SIGN = b"PK\6\6", b"PK\6\7"
FULL32, FULL16 = 0xFFFFFFFF, 0xFFFF
ENCRYPTED, UTF8 = 0x1, 0x800
_UNIX = 3
_FROM_UNIX = (_UNIX << 8) | 63
_TIMES = struct.Struct("<HHBi")
_OWNER = struct.Struct("<HHBBIBI")
_IDS = struct.Struct("<2xIxI")
_SIZES = struct.Struct("<HHQQ")
_EXTRA = struct.Struct("<HH")


class Record(msgspec.Struct):
    """One entry: what its two headers say."""

    name: bytes
    method: int
    meta: Meta
    is_folder: bool = False
    crc: int = 0
    packed: int = 0
    size: int = 0
    offset: int = 0
    is_large: bool = False


def local_header(record: Record) -> bytes:
    """`is_large` keeps room for 64-bit sizes."""
    extra = _extras(record.meta)
    packed, size = record.packed, record.size
    if record.is_large:
        extra += _SIZES.pack(1, 16, size, packed)
        packed = size = FULL32
    day = _dos_time(int(record.meta.mtime))
    head = (LOCAL_SIGN, _needed(record), _flags(record.name), record.method, *day)
    sizes = (record.crc, packed, size, len(record.name), len(extra))
    return LOCAL.pack(*head, *sizes) + record.name + extra


def central_header(record: Record) -> bytes:
    extra = _extras(record.meta)
    wide = b""
    values = []
    for value in (record.size, record.packed, record.offset):
        if value >= FULL32:
            wide += struct.pack("<Q", value)
        values.append(min(value, FULL32))
    if wide:
        extra += _EXTRA.pack(1, len(wide)) + wide
    size, packed, offset = values
    attributes = (record.meta.mode & 0xFFFF) << 16 | (0x10 if record.is_folder else 0)
    needed = 45 if wide else _needed(record)
    day = _dos_time(int(record.meta.mtime))
    head = (CENTRAL_SIGN, _FROM_UNIX, needed, _flags(record.name), record.method, *day)
    sizes = (record.crc, packed, size, len(record.name), len(extra), 0, 0, 0)
    return CENTRAL.pack(*head, *sizes, attributes, offset) + record.name + extra


def end_records(count: int, size: int, offset: int) -> bytes:
    """What closes the archive; the 64-bit form before it where the short one is too small."""
    out = b""
    if count >= FULL16 or size >= FULL32 or offset >= FULL32:
        out = END64.pack(END64_SIGN, 44, _FROM_UNIX, 45, 0, 0, count, count, size, offset)
        out += LOCATOR64.pack(LOCATOR64_SIGN, 0, offset + size, 1)
    few = min(count, FULL16)
    return out + END.pack(END_SIGN, 0, 0, few, few, min(size, FULL32), min(offset, FULL32), 0)


def read_extras(extra: bytes) -> Iterator[tuple[int, bytes]]:
    """The extra fields of a header; what is cut short is left out."""
    at = 0
    while at + 4 <= len(extra):
        kind, size = _EXTRA.unpack_from(extra, at)
        at += 4
        if at + size > len(extra):
            return
        yield kind, extra[at : at + size]
        at += size


def read_owner(data: bytes) -> tuple[int | None, int | None]:
    """The uid and gid of a field 0x7875, whatever their width."""
    if data.startswith(b"\1\4") and len(data) == 11 and data[6] == 4:
        uid, gid = _IDS.unpack(data)
        return (uid, gid) if max(uid, gid) < FULL32 else (None, None)
    if len(data) < 2 or data[0] != 1:
        return None, None
    middle = 2 + data[1]
    if middle >= len(data):
        return None, None
    uid = int.from_bytes(data[2:middle], "little")
    gid = int.from_bytes(data[middle + 1 : middle + 1 + data[middle]], "little")
    return (uid, gid) if max(uid, gid) < FULL32 else (None, None)


def read_dos_time(date: int, moment: int) -> float:
    day = (1980 + (date >> 9), max(1, date >> 5 & 15), max(1, date & 31))
    try:
        return time.mktime((*day, moment >> 11, moment >> 5 & 63, (moment & 31) * 2, 0, 0, -1))
    except (OverflowError, ValueError):
        return 0.0


def is_from_unix(made_by: int) -> bool:
    return made_by >> 8 in (_UNIX, 19)


def _extras(meta: Meta) -> bytes:
    moment = max(-(1 << 31), min(int(meta.mtime), (1 << 31) - 1))
    out = _TIMES.pack(0x5455, 5, 1, moment)
    if meta.uid is not None and meta.gid is not None:
        out += _OWNER.pack(0x7875, 11, 1, 4, meta.uid, 4, meta.gid)
    return out


def _needed(record: Record) -> int:
    return 63 if record.method == 93 else 45 if record.is_large else 20


@lru_cache(maxsize=64)
def _dos_time(moment: int) -> tuple[int, int]:
    """Time and date, local as zip has them, in steps of two seconds from 1980 to 2107."""
    try:
        t = time.localtime(moment)
    except (OverflowError, ValueError, OSError):
        return 0, 33
    if not 1980 <= t.tm_year <= 2107:
        return 0, 33
    seconds = min(t.tm_sec, 59) // 2
    return t.tm_hour << 11 | t.tm_min << 5 | seconds, (
        (t.tm_year - 1980) << 9 | t.tm_mon << 5 | t.tm_mday
    )


def _flags(name: bytes) -> int:
    """Names that are no UTF-8 go in as they are, unmarked."""
    if name.isascii():
        return 0
    try:
        name.decode()
    except UnicodeDecodeError:
        return 0
    return UTF8
