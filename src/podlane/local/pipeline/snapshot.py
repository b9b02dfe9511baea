"""The working tree as a commit in a bare repository of its own, to be served to the jobs.

The user's repository is only read: new objects, the index and all references lie in the new one,
which borrows the user's objects. What git ignores is left out, as it would be at GitLab.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import msgspec

from podlane.local.pipeline.git import find_top, git, try_git


class Source(msgspec.Struct, frozen=True):
    """The project's folder, its repository (None when there is none), the CI file in the folder."""

    folder: Path
    top: Path | None
    file: str
    prefix: str = ""  # the folder below `top`, with a slash at its end


class Snapshot(msgspec.Struct, frozen=True):
    """`is_dirty`: the commit holds work that is not committed. `head`: the user's, "" if none."""

    bare: Path
    sha: str
    head: str
    is_dirty: bool
    changed_files: int
    object_format: str


def find_source(start: Path, file: str) -> Source:
    """The nearest folder upwards, within the repository, that holds the CI file.

    A path that leads elsewhere from `start` names a file of the whole repository.
    """
    start = start.resolve()
    top = find_top(start)
    named = (start / file).resolve()
    is_elsewhere = ".." in Path(file).parts or Path(file).is_absolute()
    if is_elsewhere and named.is_relative_to(top or start):
        folder = top or start
        return Source(folder, top, named.relative_to(folder).as_posix())
    folder = _holder(start, top, file)
    prefix = folder.relative_to(top).as_posix() + "/" if top and folder != top else ""
    return Source(folder, top, file, prefix)


def _holder(start: Path, top: Path | None, file: str) -> Path:
    for candidate in (start, *start.parents) if top else ():
        if (candidate / file).is_file():
            return candidate
        if candidate == top:
            return top
    return start


def take(source: Source, bare: Path) -> Snapshot:
    """Make the bare repository and the commit."""
    top = source.top
    form = try_git(top, "rev-parse", "--show-object-format") if top else None
    form = form or "sha1"
    bare.mkdir(parents=True, exist_ok=True)
    git(bare, "init", "--quiet", "--bare", f"--object-format={form}")
    git(bare, "config", "uploadpack.allowAnySHA1InWant", "true")
    git(bare, "config", "gc.auto", "0")
    if top is not None:
        _borrow(top, bare)
    head = (try_git(top, "rev-parse", "--verify", "--quiet", "HEAD^{commit}") if top else "") or ""
    tree, count = _write_tree(source, bare, head)
    is_clean = bool(head) and not source.prefix and tree == _tree_of(bare, head)
    sha = head if is_clean else _commit(source, bare, head, tree)
    is_dirty = not is_clean and not (source.prefix and head and count == 0)
    return Snapshot(bare, sha, head, is_dirty, count, form)


def _borrow(top: Path, bare: Path) -> None:
    objects = git(top, "rev-parse", "--git-path", "objects").strip()
    alternates = bare / "objects" / "info" / "alternates"
    alternates.parent.mkdir(parents=True, exist_ok=True)
    alternates.write_text(f"{(top / objects).resolve()}\n")
    shallow = top / git(top, "rev-parse", "--git-path", "shallow").strip()
    if shallow.is_file():
        shutil.copy(shallow, bare / "shallow")


def _write_tree(source: Source, bare: Path, head: str) -> tuple[str, int]:
    """The tree of the folder as it is now, and how many files differ from the last commit."""
    index = bare / "podlane-index"
    environ = {"GIT_INDEX_FILE": str(index)}
    if source.top is None:
        environ |= {"GIT_DIR": str(bare), "GIT_WORK_TREE": str(source.folder)}
        excluded = bare / "info" / "exclude"
        excluded.parent.mkdir(exist_ok=True)
        excluded.write_text("/.podlane/\n")
    else:
        own = source.top / git(source.top, "rev-parse", "--git-path", "index").strip()
        if own.is_file():  # with what git knows of unchanged files, adding is quick
            shutil.copy(own, index)
        environ |= _objects(bare)
    git(source.folder, "add", "--all", "--", ".", environ=environ)
    if source.top is None:
        tree = git(source.folder, "write-tree", environ=environ).strip()
        return tree, len(git(source.folder, "ls-files", environ=environ).splitlines())
    wanted = [f"--prefix={source.prefix}"] if source.prefix else []
    tree = git(source.folder, "write-tree", *wanted, environ=environ).strip()
    if not head:
        return tree, len(git(source.folder, "ls-files", environ=environ).splitlines())
    changed = git(
        source.folder, "diff", "--cached", "--name-only", head, "--", ".", environ=environ
    )
    return tree, len(changed.splitlines())


def _objects(bare: Path) -> dict[str, str]:
    """New objects go to the bare repository; it knows where the user's are."""
    borrowed = (bare / "objects" / "info" / "alternates").read_text().strip()
    return {
        "GIT_OBJECT_DIRECTORY": str(bare / "objects"),
        "GIT_ALTERNATE_OBJECT_DIRECTORIES": borrowed,
    }


def _tree_of(bare: Path, commit: str) -> str:
    return git(bare, "rev-parse", f"{commit}^{{tree}}").strip()


def _commit(source: Source, bare: Path, head: str, tree: str) -> str:
    """A commit on top of the user's, with the message of theirs, so that rules see the same."""
    message = git(bare, "log", "-1", "--format=%B", head) if head else "Work not committed yet\n"
    is_child = bool(head) and not source.prefix
    parents = ["-p", head] if is_child else []
    identity = {
        "GIT_AUTHOR_NAME": "podlane local",
        "GIT_AUTHOR_EMAIL": "podlane@localhost",
        "GIT_COMMITTER_NAME": "podlane local",
        "GIT_COMMITTER_EMAIL": "podlane@localhost",
        "GIT_DIR": str(bare),
    }
    folder = source.top or source.folder
    for role in ("user.name", "user.email"):
        value = try_git(folder, "config", role)
        part = role.partition(".")[2].upper()
        if value:
            identity |= {f"GIT_AUTHOR_{part}": value, f"GIT_COMMITTER_{part}": value}
    # without git's gpgsign: the commit is nobody's to sign
    words = ["-c", "commit.gpgSign=false", "commit-tree", tree, *parents]
    return git(bare, *words, environ=identity, stdin=message).strip()


def set_refs(snapshot: Snapshot, refs: list[str]) -> None:
    """Make the references that the jobs fetch point at the commit."""
    for ref in refs:
        git(snapshot.bare, "update-ref", ref, snapshot.sha)


def file_blobs(snapshot: Snapshot) -> dict[str, str]:
    """Path -> blob id of every file in the commit."""
    listing = git(snapshot.bare, "ls-tree", "-r", "-z", snapshot.sha)
    result = {}
    for line in filter(None, listing.split("\0")):
        meta, _, path = line.partition("\t")
        result[path] = meta.split()[2]
    return result
