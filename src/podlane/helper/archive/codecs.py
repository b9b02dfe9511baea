"""Compression, each way behind one small shape: a whole piece at once, or block by block."""

from __future__ import annotations

import contextlib
import zlib
from collections.abc import Callable
from functools import cache
from typing import Any, Protocol

import msgspec

from podlane.helper.archive.facts import BadArchive, Level

STORED, DEFLATED, ZSTANDARD = 0, 8, 93
_RAW = -15
# how much memory a zstd frame may ask of us: more than any level of either runner does
_LARGEST_WINDOW = 25
_ZSTD_LEVELS = {"fastest": 1, "fast": 2, "default": 3, "slow": 6, "slowest": 11}


class Compressor(Protocol):
    def compress(self, data: Any, /) -> bytes: ...

    def flush(self) -> bytes: ...


class Decompressor(Protocol):
    """As the standard library's bz2 and lzma have it."""

    @property
    def needs_input(self) -> bool: ...

    @property
    def eof(self) -> bool: ...

    def decompress(self, data: Any, max_length: int, /) -> bytes: ...


class Packer(msgspec.Struct, frozen=True):
    """`at_once` packs a whole piece; `begin` gives a compressor for one that comes in blocks."""

    method: int
    at_once: Callable[[bytes], bytes]
    begin: Callable[[], Compressor]


def packer(method: int, level: Level) -> Packer:
    if method == ZSTANDARD:
        return _zstd_packer(level)
    return Packer(STORED, bytes, _Store) if level == "fastest" else deflate_packer(level)


def zstd_compressor(level: Level) -> Any:
    zstd = _zstd()
    return zstd.ZstdCompressor(level=_ZSTD_LEVELS[level])


def zstd_decompressor() -> Any:
    zstd = _zstd()
    return zstd.ZstdDecompressor(
        options={zstd.DecompressionParameter.window_log_max: _LARGEST_WINDOW}
    )


def decompressor(method: int) -> Decompressor:
    """BadArchive when this build cannot read the method."""
    if method == STORED:
        return _Plain()
    if method == DEFLATED:
        return _inflate()
    if method == ZSTANDARD:
        found: Decompressor = zstd_decompressor()
        return found
    raise BadArchive(f"it is compressed by method {method}, which podlane cannot read")


def errors() -> tuple[type[Exception], ...]:
    """What the decompressors raise when the data is broken."""
    found: list[Any] = [zlib.error, EOFError, ValueError]
    with contextlib.suppress(ImportError):
        found.append(_zstd().ZstdError)
    with contextlib.suppress(ImportError):
        from isal import igzip_lib

        found.append(igzip_lib.error)
    return tuple(found)


def crc32(data: Any, value: int = 0) -> int:
    return _crc32()(data, value)


def deflate_packer(level: Level) -> Packer:
    try:
        from isal import igzip_lib, isal_zlib
    except ImportError:
        return _zlib_packer(level)
    if level == "slowest":
        return _zlib_packer(level)
    strength = 3 if level == "slow" else 1

    def begin() -> Compressor:
        return isal_zlib.compressobj(strength, zlib.DEFLATED, _RAW)

    def at_once(data: bytes) -> bytes:
        return igzip_lib.compress(data, strength, igzip_lib.COMP_DEFLATE)

    return Packer(DEFLATED, at_once, begin)


def _zlib_packer(level: Level) -> Packer:
    strength = {"fast": 1, "default": 5, "slow": 7}.get(level, 9)

    def begin() -> Compressor:
        return zlib.compressobj(strength, zlib.DEFLATED, _RAW)

    def at_once(data: bytes) -> bytes:
        compressor = begin()
        return compressor.compress(data) + compressor.flush()

    return Packer(DEFLATED, at_once, begin)


def _zstd_packer(level: Level) -> Packer:
    held = zstd_compressor(level)  # one context for all: it is large, and made anew for each slow

    def at_once(data: bytes) -> bytes:
        packed: bytes = held.compress(data, held.FLUSH_FRAME)
        return packed

    return Packer(ZSTANDARD, at_once, lambda: _Frame(held))


class _Frame:
    def __init__(self, held: Any) -> None:
        self._held = held

    def compress(self, data: Any, /) -> bytes:
        packed: bytes = self._held.compress(data)
        return packed

    def flush(self) -> bytes:
        packed: bytes = self._held.flush()
        return packed


class _Store:
    def compress(self, data: Any, /) -> bytes:
        return bytes(data)

    def flush(self) -> bytes:
        return b""


class _Plain:
    needs_input = True
    eof = False

    def decompress(self, data: Any, _most: int, /) -> bytes:
        return bytes(data)


class _Inflate:
    """zlib's own, in the shape of the others."""

    def __init__(self) -> None:
        self._inner = zlib.decompressobj(_RAW)
        self._rest = b""

    @property
    def needs_input(self) -> bool:
        return not self._rest and not self.eof

    @property
    def eof(self) -> bool:
        return self._inner.eof

    def decompress(self, data: Any, most: int, /) -> bytes:
        out = self._inner.decompress(self._rest + bytes(data), most)
        self._rest = self._inner.unconsumed_tail
        return out


def _inflate() -> Decompressor:
    try:
        from isal import igzip_lib
    except ImportError:
        return _Inflate()
    return igzip_lib.IgzipDecompressor(igzip_lib.DECOMP_DEFLATE)


def _zstd() -> Any:
    try:
        from compression import zstd  # type: ignore[import-not-found, unused-ignore]
    except ImportError:
        from backports import zstd  # type: ignore[no-redef, unused-ignore]
    return zstd


@cache
def _crc32() -> Callable[[Any, int], int]:
    try:
        from isal import isal_zlib
    except ImportError:
        return zlib.crc32
    return isal_zlib.crc32
