"""The archive engine of artifacts and caches: pack, unpack, find.

Nothing is written outside the project, whatever an archive says and whatever the job's processes
do meanwhile (`tree.py`), and an archive has bounds (`bound.py`). Most jobs have no archive, and the
helper starts fast: each part is imported when it is first asked for.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from podlane.helper.archive.facts import (
        BadArchive,
        Format,
        Level,
        Packed,
        Progress,
        Unpacked,
    )
    from podlane.helper.archive.packing import digests, pack, reason
    from podlane.helper.archive.search import find, relative
    from podlane.helper.archive.single import NotOneFile, gzip, raw
    from podlane.helper.archive.unpacking import names, unpack

_HOMES = {
    "facts": ("BadArchive", "Format", "Level", "Packed", "Progress", "Unpacked"),
    "search": ("find", "relative"),
    "packing": ("digests", "pack", "reason"),
    "single": ("NotOneFile", "gzip", "raw"),
    "unpacking": ("names", "unpack"),
}

__all__ = [
    "BadArchive",
    "Format",
    "Level",
    "NotOneFile",
    "Packed",
    "Progress",
    "Unpacked",
    "digests",
    "find",
    "gzip",
    "names",
    "pack",
    "raw",
    "reason",
    "relative",
    "unpack",
]


def __getattr__(name: str) -> Any:
    for home, held in _HOMES.items():
        if name in held:
            return getattr(import_module(f"{__name__}.{home}"), name)
    raise AttributeError(name)
