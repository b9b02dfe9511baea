"""How much an archive may grow: 200 times its own size, 1 GiB in any case, and no more than there
is room for. Ten GB of zeros pack into ten MB; what builds make seldom packs by more than twenty."""

from __future__ import annotations

import os
from pathlib import Path

from podlane.helper.archive.facts import BadArchive, show

_TIMES = 200
_ALWAYS = 1024**3


class Bound:
    def __init__(self, packed: int, project: Path) -> None:
        self._most = max(_ALWAYS, packed * _TIMES)
        where = os.statvfs(project)
        self._room = where.f_bavail * where.f_frsize
        self._total = 0

    def add(self, name: str, size: int) -> None:
        """Count an entry before it is written. BadArchive when it is one too many."""
        self._total += size
        if self._total > self._most:
            raise BadArchive(
                f"with the entry {show(name)} it would unpack to more than {_TIMES} times its own "
                f"size and {_ALWAYS >> 30} GiB"
            )

    def make_room(self, freed: int) -> None:
        """`freed`: what goes because it is replaced. BadArchive when the rest has no room."""
        if self._total > self._room + freed:
            raise BadArchive(
                f"it unpacks to {mib(self._total)} and there is room for {mib(self._room + freed)}"
            )

    @property
    def is_tight(self) -> bool:
        return self._total > self._room


def mib(count: int) -> str:
    return f"{count / 2**20:.1f} MiB"
