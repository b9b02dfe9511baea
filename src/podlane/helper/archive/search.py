"""Which files a pattern names, links never followed."""

from __future__ import annotations

import os
import posixpath
from collections.abc import Iterator
from pathlib import Path

from podlane.core.text import glob
from podlane.helper.archive.facts import encode
from podlane.helper.archive.folders import Folders


def find(project: Path, pattern: str) -> list[str] | None:
    """The files and folders that a pattern names, relative to the project, folders with all below.

    None: the pattern leads outside the project.
    """
    inside = relative(project, pattern)
    if inside is None:
        return None
    if not project.is_dir():
        return []
    with Folders(project) as folders:
        roots = _roots(folders, inside)
        if roots is None:
            return None
        found: dict[str, None] = {}
        for root, real in roots:
            if root not in found:
                found.update(dict.fromkeys(_walk(folders, root, real)))
    return list(found)


_Root = tuple[str, list[bytes]]  # a name, and where it is once links on the way are followed


def _roots(folders: Folders, inside: str) -> list[_Root] | None:
    parts = inside.split("/") if inside != "." else []
    plain = next((n for n, part in enumerate(parts) if glob.is_pattern(part)), len(parts))
    is_pattern = plain < len(parts)
    above = parts[:plain] if is_pattern else parts[:-1]
    try:
        real = folders.resolve([encode(part) for part in above])
        if real is None:
            return None
        if is_pattern:
            return list(_matches(folders, inside, ("/".join(above), real)))
        if parts:
            os.stat(encode(parts[-1]), dir_fd=folders.open(real), follow_symlinks=False)
            real.append(encode(parts[-1]))
    except OSError:
        return []
    return [("/".join(parts), real)]


def relative(project: Path, pattern: str) -> str | None:
    """The pattern as seen from the project; None when it leads out of it."""
    if "\0" in pattern:
        return None
    clean = posixpath.normpath(posixpath.join(str(project), pattern))
    root = posixpath.normpath(str(project))
    if clean == root:
        return "."
    inside = clean.removeprefix(root.rstrip("/") + "/")
    return inside if inside != clean else None


def _matches(folders: Folders, pattern: str, base: _Root) -> Iterator[_Root]:
    """Walk only below the part of the pattern that is plain."""
    compiled = glob.compile_pattern(pattern)
    name, real = base
    for found in _walk(folders, name, real):
        if compiled.fullmatch(found):
            below = found[len(name) :].lstrip("/")
            yield found, [*real, *(encode(below).split(b"/") if below else ())]


def _walk(folders: Folders, root: str, real: list[bytes]) -> Iterator[str]:
    """`root` ("" is the project, and is not named) and everything below it, in order of names."""
    waiting = [(root, real)]
    while waiting:
        name, place = waiting.pop()
        if name:
            yield name
        for entry in reversed(_entries(folders, place)):
            waiting.append((f"{name}/{entry}" if name else entry, [*place, encode(entry)]))


def _entries(folders: Folders, place: list[bytes]) -> list[str]:
    """What is in a folder, sorted; nothing for what is none, or cannot be read."""
    try:
        file = os.open(".", os.O_RDONLY | os.O_DIRECTORY, dir_fd=folders.open(place))
    except OSError:
        return []
    try:
        with os.scandir(file) as entries:
            return sorted(entry.name for entry in entries)
    finally:
        os.close(file)
