"""A `.git` folder that an earlier job left: its objects are kept, everything else is made anew.

Hooks, config, alternates, attributes, commit graphs, replaced objects, the index with its marks,
refs, locks: nothing of it is obeyed. What it had fetched is told to the server by refs of our own
(`refs/podlane/…`), which are there during the fetch only; so a job sees the refs of a fresh clone.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from podlane.helper import folders

if TYPE_CHECKING:
    from podlane.helper.git import Git

_KEPT = ("objects", "modules", "lfs", "shallow", "podlane-had")
_FOLDERS = ("objects", "modules", "lfs")
_LOCKS = ("index.lock", "shallow.lock", "HEAD.lock", "config.lock", "packed-refs.lock")
_HAD = "podlane-had"
_MOST = 64  # tips that are remembered
_LARGEST = 1 << 20
_OID = re.compile(rb"(?:[0-9a-f]{64}|[0-9a-f]{40})(?=\s|$)")
_PACKED = re.compile(rb"^(?:[0-9a-f]{64}|[0-9a-f]{40}) refs/podlane/\S+\n", re.MULTILINE)


def is_one(git_dir: Path) -> bool:
    return (git_dir / "objects").is_dir() and not git_dir.is_symlink()


def reset(git_dir: Path) -> bool:
    """Leave the objects of a repository; whether there are any."""
    if not is_one(git_dir) or (git_dir / "objects").is_symlink():
        folders.remove(git_dir)
        return False
    had = _tips(git_dir)
    folders.empty(git_dir, but=_KEPT)
    for name in _KEPT:
        path = git_dir / name
        if path.is_symlink() or (path.exists() and path.is_dir() != (name in _FOLDERS)):
            folders.remove(path)
    _reset_objects(git_dir / "objects")
    (git_dir / "refs").mkdir()
    (git_dir / "HEAD").write_text("ref: refs/heads/none\n")
    (git_dir / _HAD).write_bytes(b"".join(oid + b"\n" for oid in had))
    return True


def remove_locks(git_dir: Path) -> None:
    """What a killed git leaves: the least that must go where config and hooks are to stay."""
    if git_dir.is_symlink() or git_dir.is_file():
        git_dir.unlink()
    for name in (*_LOCKS, "hooks/post-checkout"):
        folders.remove(git_dir / name)
    for folder in (git_dir / "refs", git_dir / "modules"):
        for lock in list(folder.rglob("*.lock")):
            folders.remove(lock)


def remember(git: Git, folder: Path, git_dir: Path) -> None:
    """Give what the repository had, and still has, to the coming fetch as refs."""
    had = _OID.findall(_read(git_dir / _HAD))
    asked = b"".join(oid + b"\n" for oid in had)
    found = git.output(folder, "cat-file", "--batch-check", typed=asked) if had else None
    parts = [line.split() for line in (found or b"").splitlines()]
    there = [part[0] for part in parts if len(part) == 3 and part[1] in (b"commit", b"tag")]
    lines = [b"%s refs/podlane/had-%d\n" % (oid, n) for n, oid in enumerate(there)]
    (git_dir / "packed-refs").write_bytes(b"".join(lines))
    (git_dir / _HAD).write_bytes(b"".join(oid + b"\n" for oid in there))


def forget(git_dir: Path) -> None:
    """Take these refs away again."""
    packed = git_dir / "packed-refs"
    if packed.exists():
        packed.write_bytes(_PACKED.sub(b"", packed.read_bytes()))


def is_partial(git_dir: Path) -> bool:
    """Whether some objects were left at the server, to be fetched when they are needed."""
    return any((git_dir / "objects/pack").glob("*.promisor"))


def _reset_objects(objects: Path) -> None:
    """Regular files alone, and none that speaks for others (alternates, commit graphs)."""
    folders.remove(objects / "info")
    for entry in folders.files(objects):
        if entry.name.endswith(".lock") or entry.name.startswith(("tmp_", "multi-pack-index")):
            Path(entry.path).unlink()


def _tips(git_dir: Path) -> list[bytes]:
    """What the refs point at, the newest copy of each first, and what they did before."""
    found: list[bytes] = []
    refs = git_dir / "refs"
    if refs.is_dir() and not refs.is_symlink():
        for entry in folders.files(refs):
            found += _OID.findall(_read(Path(entry.path))[:80])
    for name in ("packed-refs", _HAD):
        path = git_dir / name
        found += _OID.findall(_read(path)) if path.is_file() and not path.is_symlink() else []
    return list(dict.fromkeys(found))[:_MOST]


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(_LARGEST)
    except OSError:
        return b""
