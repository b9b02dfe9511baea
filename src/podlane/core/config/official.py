"""gitlab-runner's own keys that podlane does not honour (yet), and what happens instead.

`official_runner.py` and `official_kubernetes.py` hold them as text, read here:

    [table]                       an open table: each key has its verdict
    key later: what happens       known, not yet honoured
    key moot: why                 known, can have no effect with podlane
    key! later: what happens      the same, and here `false` or `0` asks for something too
    later: what happens           the verdict of a whole table, which is then closed:
    name name *                   its other lines only list the names it may hold (`*`: any)

A table below a closed one is closed as well. `{a,b}` in a header stands for both.
"""

from __future__ import annotations

import re
from typing import Literal

import msgspec

from podlane.core.config.official_kubernetes import KUBERNETES
from podlane.core.config.official_runner import RUNNER

ANY = "*"
_HEADER = re.compile(r"\[([^\]]*)\]")
_VERDICT = re.compile(r"(?:(\S+?)(!?) )?(later|moot): (.*)")


class Official(msgspec.Struct, frozen=True):
    """One official key; without a verdict it is part of a closed table."""

    verdict: Literal["", "later", "moot"] = ""
    instead: str = ""
    always_says: bool = False  # even `false` and `0` differ from leaving the key out


def keys_of(table: str) -> dict[str, Official]:
    """Return the official keys of `table` ("" is the top) that are no fields of the model."""
    return _TABLES.get(table, {})


def tables() -> dict[str, dict[str, Official]]:
    return _TABLES


def _read(text: str) -> dict[str, dict[str, Official]]:
    found: dict[str, dict[str, Official]] = {}
    current: list[str] = []
    for line in filter(None, (line.strip() for line in text.splitlines())):
        if header := _HEADER.fullmatch(line):
            current = alternatives(header[1])
        for table in current:
            _read_line(line, table, found.setdefault(table, {}), found)
    return found


def _read_line(
    line: str, table: str, keys: dict[str, Official], found: dict[str, dict[str, Official]]
) -> None:
    if _HEADER.fullmatch(line):
        if table and _is_closed(found, _parent(table)):
            _put(found, table, Official())
    elif entry := _VERDICT.fullmatch(line):
        official = Official("later" if entry[3] == "later" else "moot", entry[4], entry[2] == "!")
        if entry[1]:
            keys[entry[1]] = official
        else:
            _put(found, table, official)
    else:
        keys.update(dict.fromkeys(line.split(), Official()))


def _put(found: dict[str, dict[str, Official]], table: str, official: Official) -> None:
    found.setdefault(_parent(table), {})[table.rpartition(".")[2]] = official


def _parent(table: str) -> str:
    return table.rpartition(".")[0]


def _is_closed(found: dict[str, dict[str, Official]], table: str) -> bool:
    """Tell whether `table` or one above it has a verdict of its own."""
    while table:
        official = found.get(_parent(table), {}).get(table.rpartition(".")[2])
        if official is not None and official.verdict:
            return True
        table = _parent(table)
    return False


def alternatives(header: str) -> list[str]:
    before, brace, rest = header.partition("{")
    if not brace:
        return [header]
    inside, _, after = rest.partition("}")
    return [name for choice in inside.split(",") for name in alternatives(before + choice + after)]


_TABLES = _read(RUNNER + KUBERNETES)
