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
from podlane.helper.archive.find import find, relative
from podlane.helper.archive.pack import digests, pack, reason
from podlane.helper.archive.single import NotOneFile, gzip, raw
from podlane.helper.archive.unpack import names, unpack

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
