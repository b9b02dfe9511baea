"""Folders that an earlier job may have left: made real, emptied, removed; no symlink is followed.

On a builds volume that outlives its jobs anything may lie in the way: a symlink for a folder, a
folder nobody may write, another volume's mount.
"""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

_PASSABLE = (errno.EBUSY, errno.ENOENT)  # a mount of its own; gone meanwhile


def make_real(base: Path, path: Path) -> None:
    """Make every folder from `base` down to `path`, in place of whatever else has its name."""
    base.mkdir(parents=True, exist_ok=True)
    here = base
    for part in path.relative_to(base).parts:
        here /= part
        if here.is_symlink() or (here.exists() and not here.is_dir()):
            here.unlink()
        here.mkdir(exist_ok=True)


def remove(path: Path) -> None:
    """Remove a file or a whole tree. A mount inside it stays, empty."""
    if not path.is_symlink() and path.is_dir():
        import shutil

        shutil.rmtree(path, onerror=_once_more)
    else:
        path.unlink(missing_ok=True)


def empty(folder: Path, but: tuple[str, ...] = ()) -> None:
    """Remove what lies in a folder; the folder itself may be a mount."""
    for child in list(folder.iterdir()) if folder.is_dir() else []:
        if child.name not in but:
            remove(child)


def open_up(folder: Path) -> None:
    """Let us write in every folder below: some tools leave theirs read-only."""
    for here, _, _ in os.walk(folder):
        path = Path(here)
        with contextlib.suppress(OSError):
            mode = path.lstat().st_mode
            if not mode & stat.S_IWUSR:
                path.chmod(stat.S_IMODE(mode) | stat.S_IRWXU)


def files(folder: Path) -> Iterator[os.DirEntry[str]]:
    """The regular files below a folder; everything that is neither file nor folder is removed."""
    with os.scandir(folder) as entries:
        for entry in list(entries):
            if entry.is_dir(follow_symlinks=False):
                yield from files(Path(entry.path))
            elif entry.is_file(follow_symlinks=False):
                yield entry
            else:
                Path(entry.path).unlink()


def _once_more(function: Any, name: str, failure: Any) -> None:
    """Make the folder writable and go on, if that was all; leave what is mounted there."""
    error, path = failure[1], Path(name)
    if error.errno in _PASSABLE or (error.errno == errno.ENOTEMPTY and _has_mount(path)):
        return
    if error.errno not in (errno.EACCES, errno.EPERM):
        raise error
    for folder in (path.parent, path):
        if folder.is_dir() and not folder.is_symlink():
            folder.chmod(stat.S_IRWXU)
    if function in (os.unlink, os.rmdir):
        function(name)
    else:
        remove(path)


def _has_mount(folder: Path) -> bool:
    found = [path for path in folder.iterdir() if path.is_dir() and not path.is_symlink()]
    return any(path.is_mount() or _has_mount(path) for path in found)
