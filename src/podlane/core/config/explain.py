"""What each key of config.toml does with podlane, in a sentence or two of our own.

The texts stand in `explain_*.py`, one block a table, read here:

    [table]                       `{a,b}` in a header or key stands for both
    key (unit) $: What it does.   the unit if it has one; `$`: job variables are expanded
      It may go on, indented.
      = "value"                   an example, as TOML, where the default tells too little

Type, default, overwrite variable and the rest are derived (`cli/config/facts.py`). For people
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

PAGES = {
    "manager": MANAGER,
    "runner": RUNNER,
    "cache": CACHE,
    "kubernetes": KUBERNETES,
    "resources": RESOURCES,
    "security": SECURITY,
    "scheduling": SCHEDULING,
    "volumes": VOLUMES,
    "pod": POD,
    "podlane": PODLANE,
}
_HEADER = re.compile(r"\[(\S*)\]")
_ENTRY = re.compile(r"(\S+?)(?: \(([^)]+)\))?( \$)?:(?: (.+))?")


class Entry(msgspec.Struct, frozen=True):
    """`example` is a TOML value, or "" where the default tells enough. `page` of the reference has
    it, under `section`, the header as it stands in the text."""

    page: str
    section: str
    text: str = ""
    unit: str = ""
    is_expanded: bool = False
    example: str = ""


@lru_cache(maxsize=1)
def entries() -> dict[str, dict[str, Entry]]:
    """Every entry, by table ("" is the top) and key, in the order of the texts."""
    found: dict[str, dict[str, Entry]] = {}
    for page, block in PAGES.items():
        _read(page, block, found)
    return found


def _read(page: str, block: str, found: dict[str, dict[str, Entry]]) -> None:
    place, keys = Entry(page, ""), list[str]()
    for line in filter(None, map(str.rstrip, block.splitlines())):
        if header := _HEADER.fullmatch(line):
            place, keys = Entry(page, header[1]), []
            continue
        if not line.startswith("  "):
            keys, entry = _begin(line, place)
        for table in alternatives(place.section):
            known = found.setdefault(table, {})
            for key in keys:
                if line.startswith("  "):
                    known[key] = _longer(known[key], line.strip())
                elif key in known:
                    raise ValueError(f"explained twice: {table}.{key}")
                else:
                    known[key] = entry


def _begin(line: str, place: Entry) -> tuple[list[str], Entry]:
    found = _ENTRY.fullmatch(line)
    if found is None:
        raise ValueError(f"no entry: {line!r}")
    keys, unit, is_expanded, text = found.groups("")
    return alternatives(keys), Entry(place.page, place.section, text, unit, bool(is_expanded))


def _longer(entry: Entry, more: str) -> Entry:
    if more.startswith("= "):
        return msgspec.structs.replace(entry, example=more[2:])
    return msgspec.structs.replace(entry, text=f"{entry.text} {more}".lstrip())
