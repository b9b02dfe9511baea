"""Which golden case shows a key: one whose results change when the key is taken out of its config.

Of several the one with the shortest config is named, for it shows the key best.
"""

from __future__ import annotations

import copy
import tomllib
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

import tomlkit

from golden.cases import CASES, read_config, results
from podlane.cli.config.facts import REQUIRED, Fact, facts
from podlane.errors import ConfigError
from reference.consequences import Tables
from reference.samples import VALUES, other


def golden_case(fact: Fact) -> str:
    """The key's own, or that of the same key in another table of the same kind; "" if none."""
    own, of_its_kind = _found()
    return own.get(fact.name) or of_its_kind.get((fact.struct, fact.field), "")


@lru_cache(maxsize=1)
def _found() -> tuple[dict[str, str], dict[tuple[str, str], str]]:
    own: dict[str, str] = {}
    of_its_kind: dict[tuple[str, str], str] = {}
    for case in sorted(CASES, key=lambda case: (len(read_config(case)), case)):
        tables = tomllib.loads(read_config(case))
        usual = results(case)
        for name, path in _keys(tables):
            if name not in own and _without(case, tables, name, path) != usual:
                own[name] = case
                fact = facts()[name]
                of_its_kind.setdefault((fact.struct, fact.field), case)
    return own, of_its_kind


def _keys(tables: Tables, table: str = "", path: tuple[Any, ...] = ()) -> Iterator[Any]:
    """Each key that the file sets, by its name and its path with positions."""
    names = {name.lower(): name for name in facts()}
    for written, value in tables.items():
        name = names.get(f"{table}.{written}".lstrip("."), names.get(_lower(table, written), ""))
        here = (*path, written)
        if name and not facts()[name].is_table:
            yield name, here
        elif isinstance(value, dict):
            yield from _keys(value, name, here)
        elif isinstance(value, list):
            for position, item in enumerate(value):
                if isinstance(item, dict):
                    yield from _keys(item, name, (*here, position))


def _lower(table: str, key: str) -> str:
    return f"{table}.{key}".lstrip(".").lower()


def _without(case: str, tables: Tables, name: str, path: tuple[Any, ...]) -> Any:
    """What comes of the case without the key, or with another value of one that must be there."""
    changed = copy.deepcopy(tables)
    inner: Any = changed
    for step in path[:-1]:
        inner = inner[step]
    value = inner.pop(path[-1])
    if name in VALUES:
        inner[path[-1]] = VALUES[name]
    elif facts()[name].default == REQUIRED:
        inner[path[-1]] = other(value)
    try:
        return results(case, tomlkit.dumps(changed))
    except ConfigError as error:
        return error  # the file cannot do without it
