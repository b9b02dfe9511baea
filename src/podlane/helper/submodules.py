"""Submodules, level by level: each one's leftovers made safe, updated, cleaned, its LFS files."""

from __future__ import annotations

import re
from pathlib import Path

from podlane.core.plan.model import Sources
from podlane.helper import folders, lfs, repository
from podlane.helper.git import Git, GitFailed

_REMOTE = "--remote"
_GITFILE = re.compile(r"gitdir: (.*)\n?")


def run(git: Git, sources: Sources, project: Path, *, is_reused: bool) -> None:
    """`is_reused`: the working copy may hold what an earlier job left."""
    trace = git.work.trace
    if sources.submodules == "none":
        trace.info("Skipping Git submodules setup")
        if is_reused and sources.cleans_config:
            _forget_left(git, project)
        return
    how = " recursively" if sources.submodules == "recursive" else ""
    depth = sources.submodule_depth
    deep = f" with git depth set to {depth}" if depth else ""
    trace.info(f"Updating/initializing submodules{how}{deep}...")
    _update(git, sources, project, sources.submodule_paths)
    trace.info("Updated submodules")


def _update(git: Git, sources: Sources, folder: Path, paths: tuple[str, ...]) -> None:
    limited = ("--", *paths) if paths else ()
    git.run(folder, "submodule", "--quiet", "init", *limited)
    if sources.cleans_config:
        _adopt(git, sources, folder)
        for path in _links(git, folder, paths):
            folders.make_real(folder, folder / path)
            folders.remove(folder / path / ".git")
    else:
        git.run(folder, "submodule", "--quiet", "sync", *limited)
    depth = ("--depth", str(sources.submodule_depth)) if sources.submodule_depth else ()
    words = ("submodule", "update", "--init", "--force", *depth)
    words += (*sources.submodule_update_flags, *limited)
    try:
        git.run(folder, *words)
    except GitFailed:
        git.work.trace.warning("Updating submodules failed. Retrying...")
        _refresh(git, sources, folder, limited)
        git.run(folder, *words, what="could not update the submodules")
    for path in _links(git, folder, paths):
        inner = folder / path
        if not (inner / ".git").exists():  # `update = none`
            continue
        repository.forget(_git_dir(inner))
        clean(git, inner, sources)
        if sources.with_lfs:
            lfs.pull(git, inner)
        if sources.submodules == "recursive":
            _update(git, sources, inner, ())


def _refresh(git: Git, sources: Sources, folder: Path, limited: tuple[str, ...]) -> None:
    """Bring URLs and, for --remote, the branches up to date; what fails here fails again."""
    if _REMOTE in sources.submodule_update_flags:
        fetch = ("git", "fetch", "origin", "+refs/heads/*:refs/remotes/origin/*")
        git.attempt(folder, "submodule", "--quiet", "foreach", *fetch)
    git.attempt(folder, "submodule", "--quiet", "sync", *limited)
    git.attempt(folder, "submodule", "--quiet", "foreach", "git", "reset", "--hard", "--quiet")


def clean(git: Git, folder: Path, sources: Sources) -> None:
    """Remove what git does not know; a folder nobody may write is opened first."""
    if not sources.clean_flags:
        return
    end = git.attempt(folder, "clean", *sources.clean_flags)
    if end.status and "Permission denied" in end.last:
        folders.open_up(folder)
        git.run(folder, "clean", *sources.clean_flags)
    elif end.status:
        raise GitFailed(end, "could not clean the working copy")


def _adopt(git: Git, sources: Sources, folder: Path) -> None:
    """Give the modules that an earlier job fetched a config of ours; the rest of it goes."""
    git_dir = _git_dir(folder)
    if not (git_dir / "modules").is_dir():
        return
    said = git.output(folder, "config", "--null", "--get-regexp", r"^submodule\..*\.url$")
    for line in (said or b"").decode(errors="surrogateescape").split("\0"):
        key, _, url = line.partition("\n")
        name = key.removeprefix("submodule.").removesuffix(".url")
        if not name or ".." in name.split("/"):
            continue
        module = git_dir / "modules" / name
        folders.make_real(git_dir, module.parent)
        if not repository.is_one(module) or _REMOTE in sources.submodule_update_flags:
            folders.remove(module)  # where the tip of a branch is wanted, only a clone knows it
        elif repository.reset(module):
            (module / "config").write_text(_config(url, sources, module), errors="surrogateescape")
            repository.remember(git, module, module)


def _config(url: str, sources: Sources, module: Path) -> str:
    quoted = url.replace("\\", "\\\\").replace('"', '\\"')
    is_partial, is_sha1 = repository.is_partial(module), sources.object_format == "sha1"
    version = 0 if is_sha1 and not is_partial else 1
    lines = ["[core]", f"repositoryformatversion = {version}", "bare = false"]
    lines += ['[remote "origin"]', f'url = "{quoted}"']
    lines += ["fetch = +refs/heads/*:refs/remotes/origin/*"]
    if is_partial:
        lines += ["promisor = true", "[extensions]", "partialClone = origin"]
    if not is_sha1:
        lines += ["[extensions]", f"objectFormat = {sources.object_format}"]
    return "\n".join(lines) + "\n"


def _git_dir(folder: Path) -> Path:
    """The repository of a working copy, which may be named in its `.git` file."""
    own = folder / ".git"
    if own.is_dir():
        return own
    named = _GITFILE.fullmatch(own.read_text(errors="surrogateescape"))
    return (folder / named[1]).resolve() if named else own


def _links(git: Git, folder: Path, paths: tuple[str, ...]) -> list[str]:
    """Where the submodules of one level lie."""
    limited = ("--", *paths) if paths else ()
    said = git.output(folder, "ls-files", "--stage", "-z", *limited) or b""
    entries = (line.partition("\t") for line in said.decode(errors="surrogateescape").split("\0"))
    return [path for facts, _, path in entries if facts.startswith("160000 ")]


def _forget_left(git: Git, project: Path) -> None:
    """A job that asks for no submodules must not find another's repositories in their place."""
    for path in _links(git, project, ()):
        folders.make_real(project, project / path)
        folders.remove(project / path / ".git")
