"""Folders made and removed for volumes, without ever leaving what is ours.

Projected files are laid down as the kubelet does it: a dated folder, `..data` pointing at it, and
links to the files, so that a reader sees all of an update or nothing of it.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path


def is_inside(path: Path, roots: Sequence[Path]) -> bool:
    """Tell whether `path`, its links resolved, is one of `roots` or lies in one."""
    real = Path(os.path.realpath(path))
    return any(real == root or root in real.parents for root in map(_real, roots))


def _real(path: Path) -> Path:
    return Path(os.path.realpath(path))


def write_projected(folder: Path, files: Mapping[str, tuple[bytes, int]]) -> None:
    """Lay `files` (path → content and mode) into `folder` in one step."""
    fresh = Path(tempfile.mkdtemp(prefix="..", dir=folder))
    fresh.chmod(0o755)
    for name, (content, mode) in files.items():
        path = fresh / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        path.chmod(mode)
    data = folder / "..data"
    old = data.readlink() if data.is_symlink() else None
    link = folder / "..data_tmp"
    link.unlink(missing_ok=True)
    link.symlink_to(fresh.name)
    link.replace(data)
    tops = {name.split("/")[0] for name in files}
    for top in tops:
        if not (folder / top).is_symlink():
            (folder / top).symlink_to(Path("..data") / top)
    for path in folder.iterdir():
        if not path.name.startswith("..") and path.name not in tops:
            path.unlink()
    if old is not None:
        shutil.rmtree(folder / old, ignore_errors=True)


def remove_tree(path: Path, keep: Collection[Path] = ()) -> None:
    """Remove `path` and all in it, but not the folders to keep, nor those that hold one."""
    if path.is_symlink() or not path.exists():
        path.unlink(missing_ok=True)
        return
    if path in keep:
        return
    if any(path in kept.parents for kept in keep):
        for child in path.iterdir():
            remove_tree(child, keep)
        return
    _make_writable(path)
    shutil.rmtree(path, ignore_errors=True)


def _make_writable(top: Path) -> None:
    """Scripts leave folders without the right to write (Go's module cache); take it back."""
    for folder, _, _ in os.walk(top):
        try:
            Path(folder).chmod(0o700)
        except OSError:
            continue


def remove_empty_parents(path: Path, roots: Sequence[Path]) -> None:
    """Remove the empty folders above `path` that lie in one of `roots`, never a root itself."""
    tops = {_real(root) for root in roots}
    for parent in path.parents:
        if not is_inside(parent, roots) or _real(parent) in tops:
            return
        try:
            parent.rmdir()
        except OSError:
            return
