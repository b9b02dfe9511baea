"""The variables that a config.toml may name: those of the process, and the files of a folder.

`podlane deploy` mounts its Secret as that folder (PODLANE_SECRETS), so that no token stands in an
environment, and one that is replaced is read anew.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path

FOLDER = "PODLANE_SECRETS"


class Environment(Mapping[str, str]):
    """A name that both have is the file's. Nothing is kept: a file may change at any time."""

    def __init__(self, variables: Mapping[str, str] = os.environ) -> None:
        self._variables = variables
        folder = variables.get(FOLDER, "")
        self._folder = Path(folder) if folder else None

    def __getitem__(self, name: str) -> str:
        text = self._text(name)
        return self._variables[name] if text is None else text

    def __iter__(self) -> Iterator[str]:
        return iter({*self._variables, *self._names()})

    def __len__(self) -> int:
        return len({*self._variables, *self._names()})

    def _text(self, name: str) -> str | None:
        if self._folder is None or "/" in name or name.startswith("."):
            return None
        try:
            return (self._folder / name).read_text(encoding="utf-8").removesuffix("\n")
        except (OSError, UnicodeDecodeError, ValueError):
            return None

    def _names(self) -> set[str]:
        if self._folder is None:
            return set()
        try:
            return {one.name for one in self._folder.iterdir() if one.is_file()}
        except OSError:
            return set()


ENVIRONMENT = Environment()
