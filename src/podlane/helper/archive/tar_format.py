"""The headers of a tar file, as bytes: plain ustar, with a pax record for what does not fit."""

from __future__ import annotations

import math
import re

import msgspec

from podlane.helper.archive.facts import BadArchive

RECORD = 512
FILE, HARD_LINK, LINK, FOLDER, PAX, PAX_GLOBAL = b"0", b"1", b"2", b"5", b"x", b"g"
LONG_NAME, LONG_TARGET = b"L", b"K"
_OCTAL = re.compile(rb"[ \0]*([0-7]*)[ \0]*")
_PAX = re.compile(rb"([0-9]{1,9}) ([^=]+)=")


class Header(msgspec.Struct):
    """One entry; `mtime` in seconds."""

    name: bytes
    kind: bytes = FILE
    mode: int = 0o644
    uid: int = 0
    gid: int = 0
    size: int = 0
    mtime: float = 0
    target: bytes = b""


def write(header: Header) -> bytes:
    """The header as blocks, a pax header before it where one is needed."""
    wide = _wide(header)
    if not wide:
        return _block(header)
    data = b"".join(_pax_record(key, value) for key, value in wide.items())
    before = _block(Header(b"pax/" + header.name[-90:], PAX, size=len(data)))
    return before + data + padding(len(data)) + _block(header)


def padding(size: int) -> bytes:
    return bytes(-size % RECORD)


def read(block: bytes) -> Header | None:
    """None for a block of zeros. BadArchive when it is no header."""
    if not block.strip(b"\0"):
        return None
    told = _number(block[148:156])
    if told not in (sum(block) - sum(block[148:156]) + 8 * 32,):
        raise BadArchive("it is damaged")
    name = block[:100].partition(b"\0")[0]
    if block[257:263] == b"ustar\0" and block[345]:
        name = block[345:500].partition(b"\0")[0] + b"/" + name
    return Header(
        name,
        block[156:157] if block[156] else FILE,
        _number(block[100:108]) & 0o7777,
        _number(block[108:116]),
        _number(block[116:124]),
        _number(block[124:136]),
        _number(block[136:148]),
        block[157:257].partition(b"\0")[0],
    )


def read_pax(data: bytes) -> dict[bytes, bytes]:
    found: dict[bytes, bytes] = {}
    at = 0
    while at < len(data):
        record = _PAX.match(data, at)
        end = at + int(record[1]) if record else 0
        if not record or end <= record.end() or data[end - 1 : end] != b"\n":
            raise BadArchive("it is damaged")
        found[record[2]] = data[record.end() : end - 1]
        at = end
    return found


def lay_over(header: Header, wide: dict[bytes, bytes]) -> None:
    """Put what a pax header says over the plain one."""
    header.name = wide.get(b"path", header.name)
    header.target = wide.get(b"linkpath", header.target)
    try:
        header.size = int(wide.get(b"size", header.size))
        header.uid = int(wide.get(b"uid", header.uid))
        header.gid = int(wide.get(b"gid", header.gid))
        header.mtime = float(wide.get(b"mtime", header.mtime))
    except ValueError as error:
        raise BadArchive("it is damaged") from error
    if header.size < 0 or not math.isfinite(header.mtime):
        raise BadArchive("it is damaged")
    if any(key.startswith(b"GNU.sparse") for key in wide):
        raise BadArchive("it holds a sparse file, which podlane cannot read")


def _wide(header: Header) -> dict[bytes, bytes]:
    found: dict[bytes, bytes] = {}
    if len(header.name) > 100:
        found[b"path"] = header.name
    if len(header.target) > 100:
        found[b"linkpath"] = header.target
    for key, value, most in (
        (b"size", header.size, 8**11),
        (b"uid", header.uid, 8**7),
        (b"gid", header.gid, 8**7),
        (b"mtime", int(header.mtime), 8**11),
    ):
        if not 0 <= value < most:
            found[key] = b"%d" % value
    return found


def _pax_record(key: bytes, value: bytes) -> bytes:
    rest = b" " + key + b"=" + value + b"\n"
    size = len(rest) + len(str(len(rest)))
    if len(str(size)) + len(rest) != size:
        size += 1
    return b"%d" % size + rest


def _block(header: Header) -> bytes:
    block = bytearray(RECORD)
    fields = (
        (0, header.name[:100]),
        (100, _octal(header.mode & 0o7777, 7)),
        (108, _octal(header.uid, 7)),
        (116, _octal(header.gid, 7)),
        (124, _octal(header.size, 11)),
        (136, _octal(int(header.mtime), 11)),
        (148, b"        "),
        (156, header.kind),
        (157, header.target[:100]),
        (257, b"ustar\00000"),
    )
    for at, value in fields:
        block[at : at + len(value)] = value
    block[148:156] = b"%06o\0 " % sum(block)
    return bytes(block)


def _octal(value: int, width: int) -> bytes:
    return b"%0*o" % (width, value) if 0 <= value < 8**width else b"0" * width


def _number(field: bytes) -> int:
    if field[0] & 0x80:  # binary, as GNU tar writes what does not fit
        value = int.from_bytes(field, "big") & ~(0x80 << 8 * (len(field) - 1))
        return value - (1 << (8 * len(field) - 1)) if field[0] & 0x40 else value
    found = _OCTAL.fullmatch(field)
    if found is None:
        raise BadArchive("it is damaged")
    return int(found[1] or b"0", 8)
