"""Zip archives: what goes in by pattern, and out without ever leaving the folder.

Links are kept as links, with Unix modes and times. On the way out an entry that would be written
outside (`../`, an absolute name, a path through a link that leads out) is refused by name.
"""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from podlane.core.text import glob

if TYPE_CHECKING:
    import zipfile  # imported where it is used: most jobs have no archive

_BLOCK = 256 * 1024
_OLDEST = (1980, 1, 1, 0, 0, 0)


class BadArchive(Exception):
    """The archive is no archive, or an entry of it may not be written."""


def find(project: Path, pattern: str) -> list[str] | None:
    """The files and folders that a pattern names, relative to the project, folders with all below.

    None: the pattern leads outside the project.
    """
    relative = pattern.removeprefix(f"{project}/").removeprefix("./").rstrip("/") or "."
    if relative.startswith("/") or ".." in relative.split("/"):
        return None
    if glob.is_pattern(relative):
        roots = sorted(_matches(project, relative))
    else:
        path = project / relative
        if not path.parent.resolve().is_relative_to(project.resolve()) and relative != ".":
            return None  # a link on the way leads out
        roots = [relative] if os.path.lexists(path) else []
    found: dict[str, None] = {}
    for root in roots:
        for name in _walk(project, root):
            found[name] = None
    return list(found)


def _matches(project: Path, pattern: str) -> Iterable[str]:
    """Walk only below the part of the pattern that is plain."""
    parts = pattern.split("/")
    plain = next(n for n, part in enumerate(parts) if glob.is_pattern(part))
    base = "/".join(parts[:plain])
    start = project / base
    if not start.is_dir() or not start.resolve().is_relative_to(project.resolve()):
        return
    compiled = glob.compile_pattern(pattern)
    for name in _walk(project, base or "."):
        if compiled.fullmatch(name):
            yield name


def _walk(project: Path, root: str) -> Iterable[str]:
    """`root` and everything below it, links not followed."""
    path = project / root
    if root != ".":
        yield root
    if path.is_dir() and not path.is_symlink():
        for entry in sorted(os.scandir(path), key=lambda item: item.name):
            name = entry.name if root == "." else f"{root}/{entry.name}"
            if entry.is_dir(follow_symlinks=False):
                yield from _walk(project, name)
            else:
                yield name


def pack(target: Path, project: Path, wanted: Iterable[str]) -> None:
    """Write a zip of the named files, folders and links."""
    import zipfile

    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=5) as archive:
        for name in wanted:
            try:
                _pack_one(archive, project / name, name)
            except FileNotFoundError:
                continue  # it went away while we were reading


def _pack_one(archive: zipfile.ZipFile, path: Path, name: str) -> None:
    import zipfile

    status = path.lstat()
    entry = zipfile.ZipInfo(name, max(time.localtime(status.st_mtime)[:6], _OLDEST))
    entry.create_system = 3
    entry.external_attr = (status.st_mode & 0xFFFF) << 16
    if stat.S_ISDIR(status.st_mode):
        entry.filename += "/"
        entry.external_attr |= 0x10
        archive.writestr(entry, b"")
    elif stat.S_ISLNK(status.st_mode):
        archive.writestr(entry, str(path.readlink()).encode("utf-8", "surrogateescape"))
    elif stat.S_ISREG(status.st_mode):
        entry.compress_type = zipfile.ZIP_DEFLATED
        entry.file_size = status.st_size
        with path.open("rb") as source, archive.open(entry, "w", force_zip64=True) as out:
            while block := source.read(_BLOCK):
                out.write(block)


def names(source: Path) -> set[str]:
    """The names of all entries. BadArchive when it is no archive."""
    import zipfile

    try:
        with zipfile.ZipFile(source) as archive:
            return {entry.filename.rstrip("/") for entry in archive.infolist()}
    except zipfile.BadZipFile as error:
        raise BadArchive(f"it is no zip archive: {error}") from error


def unpack(source: Path, project: Path) -> None:
    """Write all entries below the project. BadArchive names the entry that may not be written."""
    import zipfile

    try:
        with zipfile.ZipFile(source) as archive:
            for entry in archive.infolist():
                _unpack_one(archive, entry, project)
    except (zipfile.BadZipFile, EOFError) as error:
        raise BadArchive(f"it is no zip archive: {error}") from error


def _unpack_one(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, project: Path) -> None:
    target = _target(entry, project)
    mode = entry.external_attr >> 16
    if entry.is_dir():
        _remove(target)
        target.mkdir(exist_ok=True)
        if mode:
            target.chmod(mode & 0o777 | 0o700)
    elif stat.S_ISLNK(mode):
        _link(archive.read(entry).decode("utf-8", "surrogateescape"), target)
    elif mode and not stat.S_ISREG(mode) and stat.S_IFMT(mode):
        raise BadArchive(f"the entry {entry.filename!r} is neither file, folder nor link")
    else:
        _file(archive, entry, target, mode)


def _file(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, target: Path, mode: int) -> None:
    _remove(target)
    with archive.open(entry) as inside, target.open("xb") as out:
        while block := inside.read(_BLOCK):
            out.write(block)
    if mode:
        target.chmod(stat.S_IMODE(mode) & 0o777)
    moment = time.mktime((*entry.date_time, 0, 0, -1))
    os.utime(target, (moment, moment))


def _target(entry: zipfile.ZipInfo, project: Path) -> Path:
    """Where an entry goes, its parents made; BadArchive when that lies outside."""
    parts = entry.filename.rstrip("/").split("/")
    if entry.filename.startswith(("/", "\\")) or ".." in parts or "" in parts:
        raise BadArchive(f"the entry {entry.filename!r} would be written outside")
    target = project.joinpath(*parts)
    _make_parents(project, target)
    return target


def _make_parents(project: Path, target: Path) -> None:
    """Make the folders above `target`; a link on the way may not lead out of the project."""
    target.parent.mkdir(parents=True, exist_ok=True)
    if not target.parent.resolve().is_relative_to(project.resolve()):
        raise BadArchive(f"the entry {target.relative_to(project)} would be written outside")


def _link(text: str, target: Path) -> None:
    """Make a link as it was, wherever it leads (a virtual environment's lead out of the project):
    nothing is ever written through one."""
    _remove(target)
    target.symlink_to(text)


def _remove(target: Path) -> None:
    if target.is_symlink() or target.is_file():
        target.unlink()
