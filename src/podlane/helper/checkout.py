"""Fetch what the job needs and check its commit out, in a fresh repository or one left over."""

from __future__ import annotations

from pathlib import Path

from podlane.core.plan.model import Sources
from podlane.helper import folders, lfs, repository, submodules
from podlane.helper.git import Git


def fetch(git: Git, sources: Sources, project: Path) -> bool:
    """Fetch the job's refs; whether an earlier job's repository was there to start from."""
    git_dir = project / ".git"
    is_reused = _make_ready(git, sources, project)
    if not is_reused and sources.with_native_clone:
        _clone(git, sources, project)
    if sources.depth:
        git.work.trace.info(f"Fetching changes with git depth set to {sources.depth}...")
    else:
        git.work.trace.info("Fetching changes...")
    _set_up(git, sources, project, is_reused=is_reused)
    depth = ["--depth", str(sources.depth)] if sources.depth else []
    if not depth and (git_dir / "shallow").exists():
        depth = ["--unshallow"]
    words = ["fetch", "--no-recurse-submodules", *depth, *sources.fetch_flags]
    what = f"could not fetch {sources.ref or sources.sha} from {sources.url}"
    git.run(project, *words, "origin", *sources.refspecs, what=what)
    if is_reused and sources.cleans_config:
        repository.forget(git_dir)
    return is_reused


def check_out(git: Git, sources: Sources, project: Path, *, is_reused: bool) -> None:
    git.work.trace.info(
        f"Checking out {sources.sha[:8]} as detached HEAD (ref is {sources.ref})..."
    )
    what = f"the commit {sources.sha} of {sources.ref} could not be checked out"
    if is_reused and sources.cleans_config:
        _read_anew(git, sources, project, what)
    git.run(project, "checkout", "-f", "-q", "--detach", sources.sha, what=what)
    submodules.clean(git, project, sources)
    if sources.with_lfs:
        lfs.pull(git, project)


def _make_ready(git: Git, sources: Sources, project: Path) -> bool:
    """Make what is left in `.git` safe to use; whether it is of use."""
    git_dir = project / ".git"
    if sources.cleans_config:
        return repository.reset(git_dir) if git_dir.exists() or git_dir.is_symlink() else False
    repository.remove_locks(git_dir)
    return repository.is_one(git_dir)


def _set_up(git: Git, sources: Sources, project: Path, *, is_reused: bool) -> None:
    git_dir = project / ".git"
    form = [] if sources.object_format == "sha1" else ["--object-format", sources.object_format]
    git.run(project, "init", "--quiet", *form)
    may_know = sources.with_native_clone or not sources.cleans_config
    known = git.output(project, "config", "remote.origin.url") if may_know else None
    git.run(project, "remote", "add" if known is None else "set-url", "origin", sources.url)
    if not is_reused:
        git.work.trace.info("Created fresh repository.")
        return
    if repository.is_partial(git_dir):
        for key, value in _PARTIAL:
            git.run(project, "config", key, value)
    if sources.cleans_config:
        repository.remember(git, project, git_dir)


_PARTIAL = (
    ("core.repositoryFormatVersion", "1"),
    ("extensions.partialClone", "origin"),
    ("remote.origin.promisor", "true"),
)


def _clone(git: Git, sources: Sources, project: Path) -> None:
    """FF_USE_GIT_NATIVE_CLONE: `git clone`, so that GIT_CLONE_EXTRA_FLAGS hold; the rest follows.

    A ref that is neither branch nor tag can be named from git 2.49 on; before, HEAD is cloned.
    """
    words = ["clone", "--no-checkout", "--quiet"]
    if sources.depth:
        words += ["--depth", str(sources.depth)]
    if sources.ref and not sources.is_named_whole:
        words.append(f"--branch={sources.ref}")
    elif _version(git, project) >= (2, 49):
        words.append(f"--revision={sources.ref or sources.sha}")
    what = f"could not clone {sources.url}"
    folders.empty(project)
    git.run(project, *words, *sources.clone_flags, sources.url, ".", what=what)


def _version(git: Git, folder: Path) -> tuple[int, int]:
    said = (git.output(folder, "version") or b"").decode().split()
    major, _, rest = (said[2] if len(said) > 2 else "0.0").partition(".")
    minor = rest.partition(".")[0]
    return (int(major), int(minor)) if major.isdigit() and minor.isdigit() else (0, 0)


def _read_anew(git: Git, sources: Sources, project: Path, what: str) -> None:
    """Make an index of our own and compare every file by its content.

    An index left behind may claim of any file that it is unchanged. Files that are keep their
    times, so that incremental builds stay so.
    """
    (project / ".git/index").unlink(missing_ok=True)
    git.run(project, "read-tree", sources.sha, what=what)
    git.output(project, "update-index", "-q", "--refresh")
