"""What each key of config.toml does with podlane, in a sentence or two of our own.

The texts stand in `explain_*.py`, one block a table, read here:

    [table]                       `{a,b}` in a header or key stands for both
    key (unit) $: What it does.   the unit if it has one; `$`: job variables are expanded
      It may go on, indented.
      = "value"                   an example, as TOML, where the default tells too little

Type, default, overwrite variable and the rest are derived (`cli/reference/facts.py`). For people
only: neither the manager nor the helper imports this, and it is read when somebody asks.
"""

from __future__ import annotations

import re
from functools import lru_cache

import msgspec

from podlane.core.config.explain_cache import CACHE
from podlane.core.config.explain_kubernetes import KUBERNETES
from podlane.core.config.explain_manager import MANAGER
from podlane.core.config.explain_pod import POD
from podlane.core.config.explain_podlane import PODLANE
from podlane.core.config.explain_resources import RESOURCES
from podlane.core.config.explain_runner import RUNNER
from podlane.core.config.explain_scheduling import SCHEDULING
from podlane.core.config.explain_security import SECURITY
from podlane.core.config.explain_volumes import VOLUMES
from podlane.core.config.official import alternatives

BLOCKS = (
    MANAGER,
    RUNNER,
    CACHE,
    KUBERNETES,
    RESOURCES,
    SECURITY,
    SCHEDULING,
    VOLUMES,
    POD,
    PODLANE,
)
_HEADER = re.compile(r"\[(\S*)\]")
_ENTRY = re.compile(r"(\S+?)(?: \(([^)]+)\))?( \$)?:(?: (.+))?")


class Entry(msgspec.Struct, frozen=True):
    """`example` is a TOML value, or "" where the default tells enough."""

    text: str
    unit: str = ""
    is_expanded: bool = False
    example: str = ""


@lru_cache(maxsize=1)
def entries() -> dict[str, dict[str, Entry]]:
    """Every entry, by table ("" is the top) and key, in the order of the texts."""
    found: dict[str, dict[str, Entry]] = {}
    for block in BLOCKS:
        _read(block, found)
    return found


def _read(block: str, found: dict[str, dict[str, Entry]]) -> None:
    tables: list[str] = []
    keys: list[str] = []
    for line in filter(None, map(str.rstrip, block.splitlines())):
        if line.startswith("  "):
            for table in tables:
                found[table].update({key: _longer(found[table][key], line) for key in keys})
        elif header := _HEADER.fullmatch(line):
            tables, keys = alternatives(header[1]), []
        else:
            keys = _begin(line, tables, found)


def _begin(line: str, tables: list[str], found: dict[str, dict[str, Entry]]) -> list[str]:
    entry = _ENTRY.fullmatch(line)
    if entry is None:
        raise ValueError(f"no entry: {line!r}")
    keys = alternatives(entry[1])
    for table in tables:
        known = found.setdefault(table, {})
        if twice := [key for key in keys if key in known]:
            raise ValueError(f"explained twice: {table}.{twice[0]}")
        known |= dict.fromkeys(keys, Entry(entry[4] or "", entry[2] or "", bool(entry[3])))
    return keys


def _longer(entry: Entry, line: str) -> Entry:
    more = line.strip()
    if more.startswith("= "):
        return msgspec.structs.replace(entry, example=more[2:])
    return msgspec.structs.replace(entry, text=f"{entry.text} {more}".lstrip())
