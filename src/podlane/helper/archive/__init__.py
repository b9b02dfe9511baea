"""The archive engine of artifacts and caches: pack, unpack, find.

Nothing is written outside the project, whatever an archive says and whatever the job's processes
do meanwhile (`tree.py`), and an archive has bounds (`bound.py`).
"""

from __future__ import annotations

from podlane.helper.archive.facts import (
    BadArchive,
    Format,
    Level,
    Packed,
    Progress,
    Unpacked,
)
from podlane.helper.archive.find import find
from podlane.helper.archive.pack import pack, reason
from podlane.helper.archive.unpack import names, unpack

__all__ = [
    "BadArchive",
    "Format",
    "Level",
    "Packed",
    "Progress",
    "Unpacked",
    "find",
    "names",
    "pack",
    "reason",
    "unpack",
]
