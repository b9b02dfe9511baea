"""Write an archive of a project's files, in one of the formats."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from podlane.helper.archive import codecs
from podlane.helper.archive.facts import Format, Level, Packed, Progress, Warnings, decode
from podlane.helper.archive.source import Source
from podlane.helper.archive.zip_writer import ZipWriter

_BUFFER = 1024 * 1024


def pack(  # noqa: PLR0913 - what, from where, which, and how
    target: Path,
    project: Path,
    wanted: Iterable[str],
    *,
    format: Format = "zip",
    level: Level = "default",
    progress: Progress | None = None,
    extra: Mapping[str, bytes] | None = None,
) -> Packed:
    """Write an archive of the named files, folders and links; what went away is left out.

    `extra`: files that are nowhere but here. OSError names the file that cannot be read.
    """
    warnings = Warnings()
    source = Source(project, warnings)
    with target.open("wb", buffering=_BUFFER) as out:
        if format == "tarzstd":
            from podlane.helper.archive.tar_writer import TarWriter

            writer: ZipWriter | TarWriter = TarWriter(out, level, progress)
        else:
            method = codecs.ZSTANDARD if format == "zipzstd" else codecs.DEFLATED
            writer = ZipWriter(out, codecs.packer(method, level), progress)
        for item in source.items([name for name in wanted if not extra or name not in extra]):
            writer.add(item, source)
        for name, data in (extra or {}).items():
            writer.add(source.made(name, data), source)
        size = writer.finish()
    return Packed(size, writer.files, warnings.all())


def digests(
    project: Path, wanted: Iterable[str], progress: Progress | None = None
) -> Iterator[tuple[str, str]]:
    """The name and the sha256 of each file among these, in hexadecimal."""
    import hashlib

    source = Source(project, Warnings())
    for item in source.items(list(wanted)):
        if item.kind != "file":
            continue
        made = hashlib.sha256()
        for block in source.blocks(item):
            made.update(block)
            if progress is not None:
                progress(len(block))
        yield decode(item.name), made.hexdigest()


def reason(error: OSError) -> str:
    """One clause about a file that cannot be read or written."""
    said = (error.strerror or str(error)).lower()
    return f"{error.filename}: {said}" if error.filename else said
