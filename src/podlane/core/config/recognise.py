"""Sorts the keys of a parsed config.toml: honoured, official, or unknown with the nearest name.

The honoured ones come back under their exact names (gitlab-runner reads keys without regard to
case, so `type` and `Type` are one), ready to be turned into the model.
"""

from __future__ import annotations

import difflib
from datetime import date, time
from functools import lru_cache
from types import UnionType
from typing import Any, Union, get_args, get_origin

import msgspec

from podlane.core.config.model import Config
from podlane.core.config.notes import ConfigNote
from podlane.core.config.official import ANY, Official, keys_of, tables
from podlane.core.config.place import Found, Place, dotted


def recognise(
    raw: dict[str, Any], kind: type | None, place: Place
) -> tuple[dict[str, Any], list[Found]]:
    """Return the honoured part of `raw` and what is to be said about the rest."""
    fields = _fields(kind)
    official = keys_of(place.name)
    names = _by_folded((*fields, *official))
    honoured: dict[str, Any] = {}
    found: list[Found] = []
    for written, value in raw.items():
        name = written if written in names.values() else names.get(written.lower(), "")
        if name in fields:
            honoured[name], inner = _field(value, fields[name], place.inside(name))
            found += inner
        if name in official:
            found += _official(value, official[name], name, place)
        elif name not in fields and ANY not in official:
            found.append(_unknown(written, list(names.values()), place))
    return honoured, found


def _field(value: Any, kind: Any, place: Place) -> tuple[Any, list[Found]]:
    inner = struct_of(kind)
    if inner is not None and isinstance(value, dict):
        return recognise(value, inner, place)
    element = _element_struct(kind)
    if element is not None and isinstance(value, list):
        pairs = [_element(item, element, place, index) for index, item in enumerate(value)]
        return [item for item, _ in pairs], [one for _, inside in pairs for one in inside]
    if isinstance(value, date | time):
        return value.isoformat(), []
    return value, []


def _element(value: Any, kind: type, place: Place, position: int) -> tuple[Any, list[Found]]:
    if not isinstance(value, dict):
        return value, []
    return recognise(value, kind, place.at(position))


def _official(value: Any, official: Official, key: str, place: Place) -> list[Found]:
    inside = _inside(value, place.inside(key))
    if not official.verdict or not says_something(value, always=official.always_says):
        return inside
    shown = place.key(key)
    if official.verdict == "later":
        message = f"`{shown}` is not yet honoured: {official.instead}"
    else:
        message = f"`{shown}` has no effect: {official.instead}"
    note = ConfigNote(official.verdict, shown, message)
    return [Found(note, (*place.path, key)), *inside]


def _inside(value: Any, place: Place) -> list[Found]:
    if isinstance(value, dict) and place.name in tables():
        return recognise(value, None, place)[1]
    if isinstance(value, list) and place.name in tables():
        return [
            one
            for position, item in enumerate(value)
            if isinstance(item, dict)
            for one in _inside(item, place.at(position))
        ]
    return []


def says_something(value: Any, *, always: bool = False) -> bool:
    """Tell whether a value asks for more than leaving its key out would.

    `gitlab-runner register` writes many empty tables and zeros; they deserve no note.
    """
    if isinstance(value, dict):
        return any(says_something(item, always=always) for item in value.values())
    if isinstance(value, list):
        return any(says_something(item, always=always) for item in value)
    return bool(value) or (always and value in (False, 0))


def _unknown(key: str, names: list[str], place: Place) -> Found:
    shown = place.key(key)
    elsewhere = sorted(table for table in _homes().get(key.lower(), ()) if table != place.name)
    if near := difflib.get_close_matches(key.lower(), [name.lower() for name in names], 1, 0.75):
        hint = f"the nearest known name here is `{next(n for n in names if n.lower() == near[0])}`"
    elif elsewhere:
        hint = f"it is a key of {_header(elsewhere[0])}"
    elif far := difflib.get_close_matches(key.lower(), [name.lower() for name in names], 1, 0.5):
        hint = f"the nearest known name here is `{next(n for n in names if n.lower() == far[0])}`"
    else:
        hint = "no known key looks like it"
    return Found(ConfigNote("unknown", shown, f"`{shown}` is unknown: {hint}"), (*place.path, key))


def _header(table: str) -> str:
    if not table:
        return "the top of the file, before the first `[[runners]]`"
    return "`[[runners]]`" if table == "runners" else f"`[{table}]`"


@lru_cache(maxsize=1)
def _homes() -> dict[str, set[str]]:
    """Map each key's lower-case name to the tables that have it, for misplaced keys."""
    homes: dict[str, set[str]] = {}
    for table, names in (*model_tables().items(), *tables().items()):
        for name in names:
            homes.setdefault(name.lower(), set()).add(table)
    return homes


@lru_cache(maxsize=1)
def model_tables() -> dict[str, frozenset[str]]:
    """List the honoured keys by table."""
    found: dict[str, frozenset[str]] = {}
    pending: list[tuple[str, type]] = [("", Config)]
    while pending:
        table, kind = pending.pop()
        fields = _fields(kind)
        found[table] = frozenset(fields)
        for name, inner in fields.items():
            struct = struct_of(inner) or _element_struct(inner)
            if struct is not None:
                pending.append((dotted(table, name), struct))
    return found


@lru_cache(maxsize=64)
def _fields(kind: type | None) -> dict[str, Any]:
    if kind is None:
        return {}
    return {field.encode_name: field.type for field in msgspec.structs.fields(kind)}


def struct_of(kind: Any) -> type | None:
    """The table that a field holds, also where it may be none (`Table | None`)."""
    kinds = get_args(kind) if get_origin(kind) in (Union, UnionType) else (kind,)
    return next((k for k in kinds if isinstance(k, type) and issubclass(k, msgspec.Struct)), None)


def _element_struct(kind: Any) -> type | None:
    return struct_of(get_args(kind)[0]) if get_origin(kind) is tuple else None


def _by_folded(names: tuple[str, ...]) -> dict[str, str]:
    return {name.lower(): name for name in names}
