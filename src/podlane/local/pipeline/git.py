"""Calls git; never with the user's hooks, never asking anything."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

from podlane.errors import PodlaneError


def git(
    folder: Path, *words: str, environ: Mapping[str, str] | None = None, stdin: str | None = None
) -> str:
    """Run git in `folder` and return what it printed; PodlaneError tells git's own words."""
    found = _run(folder, words, environ, stdin)
    if found.returncode:
        raise PodlaneError(
            f"`git {words[0]}` failed in {folder}: {found.stderr.strip()[:400]}",
            hint="the project's git repository must be readable",
            reference="local-git",
        )
    return found.stdout


def try_git(folder: Path, *words: str) -> str | None:
    """What git printed, stripped; None when it failed or printed nothing."""
    found = _run(folder, words, None, None)
    return found.stdout.strip() or None if found.returncode == 0 else None


def find_top(folder: Path) -> Path | None:
    """The top folder of the repository that `folder` lies in; PodlaneError when git refuses it."""
    found = _run(folder, ("rev-parse", "--show-toplevel"), None, None)
    if "dubious ownership" in found.stderr:
        raise PodlaneError(
            f"git refuses the repository at {folder}: it belongs to another user",
            hint=f"`git config --global --add safe.directory {folder}` allows it",
            reference="local-git",
        )
    text = found.stdout.strip()
    return Path(text).resolve() if found.returncode == 0 and text else None


def _run(
    folder: Path, words: tuple[str, ...], environ: Mapping[str, str] | None, stdin: str | None
) -> subprocess.CompletedProcess[str]:
    settled = {
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_OPTIONAL_LOCKS": "0",
        "LC_ALL": "C.UTF-8",
        **(environ or {}),
    }
    kept = {key: value for key, value in os.environ.items() if key not in _REPLACED}
    try:
        return subprocess.run(
            ["git", "-C", str(folder), "-c", "core.hooksPath=/dev/null", *words],
            env={**kept, **settled},
            input=stdin,
            capture_output=True,
            text=True,
            errors="surrogateescape",
            check=False,
        )
    except FileNotFoundError as error:
        raise PodlaneError(
            "git is not installed", hint="podlane local needs git 2.20 or newer"
        ) from error


_REPLACED = {
    "GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_OBJECT_DIRECTORY", "GIT_PREFIX",
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
}  # fmt: skip
