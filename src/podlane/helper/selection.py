"""Which files artifacts or a cache are to hold, told line by line as users know it."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path

from podlane.core.text import glob
from podlane.core.text.parameters import expand_shell
from podlane.helper import archive, files, processes
from podlane.helper.work import Work


def select(
    work: Work, paths: Iterable[str], exclude: Iterable[str], *, untracked: bool
) -> list[str]:
    """The names, relative to the project, sorted."""
    selection = _Selection(work, exclude)
    for raw in paths:
        selection.add(expand(work, raw, selection.env))
    if untracked:
        selection.add_untracked()
    return selection.names()


def expand(work: Work, text: str, env: Mapping[str, str]) -> str:
    """The shell's expansion; a text that asks for more than that stays as it is."""
    try:
        return expand_shell(text, env)
    except ValueError as error:
        work.trace.warning(f"{text}: is used as it stands, for {error}")
        return text


class _Selection:
    def __init__(self, work: Work, exclude: Iterable[str]) -> None:
        self.env = files.environment(work.plan)
        self._work = work
        self._project = Path(work.plan.places.project)
        self._found: set[str] = set()
        self._excluded: Counter[str] = Counter()
        self._rules = [(raw, self._rule(raw)) for raw in exclude]

    def add(self, pattern: str) -> None:
        trace = self._work.trace
        names = archive.find(self._project, pattern)
        if names is None:
            trace.warning(f"{pattern}: lies outside the project directory and is left out")
            return
        count = self._keep(names)
        if not count:
            trace.warning(
                f"{pattern}: no matching files. Ensure that the artifact path is relative to the "
                f"working directory ({self._project})"
            )
            return
        trace.plain(f"{pattern}: found {count} matching artifact files and directories")

    def add_untracked(self) -> None:
        listed = _untracked(self._project)
        if listed is None:
            self._work.trace.warning("untracked: git cannot tell which files it does not know")
            return
        count = self._keep(name for name in listed if os.path.lexists(self._project / name))
        if count:
            self._work.trace.plain(f"untracked: found {count} files")
        else:
            self._work.trace.warning("untracked: no files")

    def names(self) -> list[str]:
        for rule, count in self._excluded.items():
            self._work.trace.plain(f"{rule}: excluded {count} files")
        if any(name == ".git" or name.startswith(".git/") for name in self._found):
            self._work.trace.warning(
                "files of .git are among these: unpacked over another job's working copy they can "
                "spoil it"
            )
        return sorted(self._found)

    def _keep(self, names: Iterable[str]) -> int:
        """Take what no rule excludes, and count it."""
        count = 0
        for name in names:
            rule = next((raw for raw, it in self._rules if it.fullmatch(name)), None)
            if rule is not None:
                self._excluded[rule] += name not in self._found
                continue
            self._found.add(name.rstrip("/"))
            count += 1
        return count

    def _rule(self, raw: str) -> glob.Pattern:
        pattern = expand(self._work, raw, self.env)
        return glob.compile_pattern(archive.relative(self._project, pattern) or pattern)


def _untracked(project: Path) -> list[str] | None:
    """What git does not know, ignored files too; a folder that is a repository ends in a slash."""
    if not project.is_dir():
        return []
    env = dict(os.environ) | {"GIT_CONFIG_COUNT": "2"}
    env |= {"GIT_CONFIG_KEY_0": "safe.directory", "GIT_CONFIG_VALUE_0": "*"}
    # what the job's scripts have written into .git must not make git run a program here
    env |= {"GIT_CONFIG_KEY_1": "core.fsmonitor", "GIT_CONFIG_VALUE_1": "false"}
    listed = processes.output(["git", "ls-files", "-o", "-z"], env, project)
    if listed is None:
        return None
    return [name for name in listed.decode("utf-8", "surrogateescape").split("\0") if name]
