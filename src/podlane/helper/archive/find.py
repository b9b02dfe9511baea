"""Which files a pattern names, links never followed."""

from __future__ import annotations

import os
import posixpath
from collections.abc import Iterable, Iterator
from pathlib import Path

from podlane.core.text import glob
from podlane.helper.archive.facts import encode
from podlane.helper.archive.folders import Folders


def find(project: Path, pattern: str) -> list[str] | None:
    """The files and folders that a pattern names, relative to the project, folders with all below.

    None: the pattern leads outside the project.
    """
    relative = _relative(project, pattern)
    if relative is None:
        return None
    if not project.is_dir():
        return []
    with Folders(project) as folders:
        roots = _roots(folders, relative)
        if roots is None:
            return None
        found: dict[str, None] = {}
        for root in roots:
            if root not in found:
                found.update(dict.fromkeys(_walk(folders, root)))
    return list(found)


def _roots(folders: Folders, relative: str) -> list[str] | None:
    if glob.is_pattern(relative):
        return list(_matches(folders, relative))
    if relative == ".":
        return [""]
    *above, last = encode(relative).split(b"/")
    try:
        os.stat(last, dir_fd=folders.open(above), follow_symlinks=False)
    except NotADirectoryError:
        return None  # a link, or a file, is on the way
    except OSError:
        return []
    return [relative]


def _relative(project: Path, pattern: str) -> str | None:
    """The pattern as seen from the project; None when it leads out of it."""
    if "\0" in pattern:
        return None
    clean = posixpath.normpath(posixpath.join(str(project), pattern))
    root = posixpath.normpath(str(project))
    if clean == root:
        return "."
    inside = clean.removeprefix(root.rstrip("/") + "/")
    return inside if inside != clean else None


def _matches(folders: Folders, pattern: str) -> Iterable[str]:
    """Walk only below the part of the pattern that is plain."""
    parts = pattern.split("/")
    plain = next(n for n, part in enumerate(parts) if glob.is_pattern(part))
    compiled = glob.compile_pattern(pattern)
    for name in _walk(folders, "/".join(parts[:plain])):
        if compiled.fullmatch(name):
            yield name


def _walk(folders: Folders, root: str) -> Iterator[str]:
    """`root` ("" is the project, and is not named) and everything below it, in order of names."""
    waiting = [root]
    while waiting:
        name = waiting.pop()
        if name:
            yield name
        entries = _entries(folders, name)
        waiting.extend(f"{name}/{entry}" if name else entry for entry in reversed(entries))


def _entries(folders: Folders, name: str) -> list[str]:
    """What is in a folder, sorted; nothing for what is none, or cannot be read."""
    try:
        where = folders.open(encode(name).split(b"/") if name else [])
        file = os.open(".", os.O_RDONLY | os.O_DIRECTORY, dir_fd=where)
    except OSError:
        return []
    try:
        with os.scandir(file) as entries:
            return sorted(entry.name for entry in entries)
    finally:
        os.close(file)
