"""All that can be told of a key: the sentence somebody wrote, and what follows from the code.

Type, default, overwrite variable, flag of `register` and verdict are derived here, so no text can
say otherwise than podlane does.
"""

from __future__ import annotations

import types
from collections.abc import Iterator
from functools import lru_cache
from typing import Any, Union, get_args, get_origin

import msgspec

from podlane.cli.runner_flags import FLAGS
from podlane.core.config import official
from podlane.core.config.explain import Entry, entries
from podlane.core.config.kubernetes import KubernetesConfig
from podlane.core.config.model import Config
from podlane.core.config.recognise import struct_of
from podlane.core.plan.overwrites import variable_of
from podlane.core.text.token import Token

UNSET, REQUIRED = "unset", "none: it must be set"
_GATES = ("_overwrite_max_allowed", "_overwrite_allowed")
_WORDS: dict[Any, str] = {
    str: "text",
    Token: "text, a secret",
    int: "whole number",
    float: "number",
    bool: "`true` or `false`",
}


class Fact(msgspec.Struct, frozen=True):
    """One key. `variable` of a job replaces it where `gate` lets it; for a gate it is the variable
    that it guards. `verdict` is "" for an honoured key, else "later" or "moot", and `instead` says
    what happens. `struct` and `field` are its place in the model."""

    table: str
    key: str
    entry: Entry
    type: str = ""
    default: str = ""
    variable: str = ""
    gate: str = ""
    guards: str = ""
    option: str = ""
    environment: str = ""
    verdict: str = ""
    instead: str = ""
    is_table: bool = False
    is_list: bool = False
    struct: str = ""
    field: str = ""

    @property
    def name(self) -> str:
        return f"{self.table}.{self.key}".lstrip(".")


@lru_cache(maxsize=1)
def facts() -> dict[str, Fact]:
    """Every key by its full name, in the order of the reference."""
    known = dict(_model(Config, ""))
    return {
        name: _fact(table, key, entry, known)
        for table, keys in entries().items()
        for key, entry in keys.items()
        for name in [f"{table}.{key}".lstrip(".")]
    }


class _Place(msgspec.Struct, frozen=True):
    struct: type
    info: msgspec.structs.FieldInfo


def _model(struct: type, table: str) -> Iterator[tuple[str, _Place]]:
    for info in msgspec.structs.fields(struct):
        name = f"{table}.{info.encode_name}".lstrip(".")
        yield name, _Place(struct, info)
        if inner := inner_struct(info.type):
            yield from _model(inner, name)


def _fact(table: str, key: str, entry: Entry, known: dict[str, _Place]) -> Fact:
    name = f"{table}.{key}".lstrip(".")
    verdict = _verdict(table, key)
    is_table = name in entries() or name in official.tables()
    fact = Fact(table, key, entry, type="table" if is_table else "", is_table=is_table)
    place = known.get(name)
    if place is None:
        return msgspec.structs.replace(fact, verdict=verdict.verdict, instead=verdict.instead)
    info = place.info
    return msgspec.structs.replace(
        fact,
        type=_type(info.type),
        default=_default(info),
        is_list=get_origin(info.type) is tuple and inner_struct(info.type) is not None,
        struct=place.struct.__name__,
        field=info.name,
        **(_overwrites(key, known) if place.struct is KubernetesConfig else {}),
        **_flag(table, key),
    )


def _verdict(table: str, key: str) -> official.Official:
    """The key's own, else that of the nearest table around it."""
    while True:
        found = official.keys_of(table).get(key)
        if (found is not None and found.verdict) or not table:
            return found or official.Official()
        table, _, key = table.rpartition(".")


def _overwrites(key: str, known: dict[str, _Place]) -> dict[str, str]:
    for ending in _GATES:
        own = f"runners.kubernetes.{key.removesuffix(ending)}"
        if key.endswith(ending) and own in known:
            return {"variable": _variable(known[own].info, ending), "guards": own}
        if f"runners.kubernetes.{key}{ending}" in known:
            info = known[f"runners.kubernetes.{key}"].info
            return {"variable": _variable(info, ending), "gate": f"{key}{ending}"}
    return {}


def _variable(info: msgspec.structs.FieldInfo, ending: str) -> str:
    """A name has `…_OVERWRITE`; of a table each variable that begins so is one entry."""
    if ending == _GATES[0] or info.type is Token:
        return variable_of(info.name)
    return f"{variable_of(info.name)}_{'*' if get_origin(info.type) is dict else 'OVERWRITE'}"


def _flag(table: str, key: str) -> dict[str, str]:
    path = tuple(f"{table}.{key}".split(".")[1:])
    flag = next((one for one in FLAGS if one.keys == path), None) if path else None
    return {"option": flag.option, "environment": flag.environment} if flag else {}


def inner_struct(kind: Any) -> type | None:
    """The struct of a table, or of a list of tables."""
    return struct_of(get_args(kind)[0] if get_origin(kind) is tuple else kind)


def _type(kind: Any) -> str:
    origin, inside = get_origin(kind), get_args(kind)
    if origin in (types.UnionType, Union):
        return " or ".join(_type(one) for one in inside if one is not types.NoneType)
    if origin is tuple:
        return f"list of {_plural(inside[0])}"
    if origin is dict:
        return f"table of {_plural(inside[1])}"
    return "table" if struct_of(kind) else _WORDS.get(kind, "")


def _plural(kind: Any) -> str:
    word = _type(kind)
    return word if kind is bool else word.replace(",", "s,", 1) if "," in word else f"{word}s"


def _default(info: msgspec.structs.FieldInfo) -> str:
    """As TOML; "" for a table."""
    value = info.default
    if value is msgspec.NODEFAULT and info.default_factory is not msgspec.NODEFAULT:
        value = info.default_factory()
    if value is msgspec.NODEFAULT:
        return REQUIRED
    if value is None:
        return UNSET
    if inner_struct(info.type):
        return ""
    return _toml("" if isinstance(value, Token) else value)


def _toml(value: Any) -> str:
    if isinstance(value, tuple):
        return f"[{', '.join(_toml(one) for one in value)}]"
    if isinstance(value, dict):
        return f"{{{', '.join(f'{key} = {_toml(one)}' for key, one in value.items())}}}"
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if isinstance(value, int | float) else f'"{value}"'
