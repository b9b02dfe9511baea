"""Files that git keeps elsewhere (Git LFS): fetched all at once, after the checkout."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from podlane.helper.git import Git

_FILTER = b"filter=lfs"
_INSTALLED = (  # as `git lfs install` would write; without, it leaves the pointers there
    ("filter.lfs.clean", "git-lfs clean -- %f"),
    ("filter.lfs.smudge", "git-lfs smudge -- %f"),
    ("filter.lfs.process", "git-lfs filter-process"),
)


def pull(git: Git, folder: Path) -> None:
    """Fetch them where the project has any; a start of git-lfs costs time."""
    import shutil

    if not _asks_for_lfs(git, folder):
        return
    if shutil.which("git-lfs", path=git.env.get("PATH")) is None:
        git.work.trace.warning(
            "this project keeps files in Git LFS, and the helper's image has no git-lfs: "
            "the script finds pointers in their place"
        )
        return
    installed = [word for key, value in _INSTALLED for word in ("-c", f"{key}={value}")]
    git.run(folder, *installed, "lfs", "pull", what="could not pull the LFS files")


def _asks_for_lfs(git: Git, folder: Path) -> bool:
    listed = git.output(folder, "ls-files", "-z", "--", ":(glob)**/.gitattributes") or b""
    names = listed.decode(errors="surrogateescape").split("\0")
    paths = [folder / name for name in names if name]
    return any(_FILTER in path.read_bytes() for path in paths if path.is_file())
