"""Plain values → the model's types, key by key: one that does not fit is named and left out.

So a file shows all its wrong types in one run, and what is right in it is checked further.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any, TypeVar, get_args, get_origin

import msgspec

from podlane.core.config.faults import fault
from podlane.core.config.place import Found, Place
from podlane.core.config.recognise import struct_of
from podlane.core.text import token

T = TypeVar("T", bound=msgspec.Struct)

_WORDS = {
    "str": "a text in quotes",
    "int": "a whole number",
    "float": "a number",
    "bool": "`true` or `false`",
    "array": "a list in brackets",
    "list": "a list in brackets",
    "object": "a table",
    "dict": "a table",
}
_MISMATCH = re.compile(r"Expected `([^`]*)`, got `([^`]*)`.*")
_NOTHING = object()


def fit(values: dict[str, Any], kind: type[T], place: Place) -> tuple[T | None, list[Found]]:
    """Return `values` as `kind` and what did not fit; None if a key it must have is missing."""
    fitting, found = _table(values, kind, place)
    return (None if fitting is None else token.convert(fitting, kind)), found


def wrong_type(expected: str, got: str, place: Place) -> Found:
    wanted = " or ".join(_WORDS.get(word, word) for word in expected.split(" | ") if word != "null")
    hint = ""
    if expected.startswith("str") and got in ("int", "float", "bool"):
        hint = "write the value in quotes"
    if got == "str" and expected.startswith(("int", "float")):
        hint = "write the value without quotes"
    if got == "str" and expected.startswith("bool"):
        hint = "write `true` or `false`, without quotes"
    what = f"must be {wanted}, and is {_WORDS.get(got, got)}"
    return fault(place, what, hint=hint, reference="config-type")


def _table(
    values: dict[str, Any], kind: type[msgspec.Struct], place: Place
) -> tuple[dict[str, Any] | None, list[Found]]:
    fitting: dict[str, Any] = {}
    found: list[Found] = []
    is_whole = True
    for field in _fields(kind):
        name = field.encode_name
        if name in values:
            value, inside = _value(values[name], field.type, place.inside(name))
            found += inside
            if value is not _NOTHING:
                fitting[name] = value
        elif field.required:
            found.append(fault(place, f"lacks `{name}`", reference="config-missing"))
        is_whole = is_whole and (name in fitting or not field.required)
    return (fitting if is_whole else None), found


@lru_cache(maxsize=128)
def _fields(kind: type) -> tuple[msgspec.structs.FieldInfo, ...]:
    """Looking them up takes msgspec a while."""
    return msgspec.structs.fields(kind)


def _value(value: Any, kind: Any, place: Place) -> tuple[Any, list[Found]]:
    inner = struct_of(kind)
    if inner is not None and isinstance(value, dict):
        table, found = _table(value, inner, place)
        return (_NOTHING if table is None else table), found
    if get_origin(kind) is tuple and isinstance(value, list):
        element = get_args(kind)[0]
        pairs = [_value(item, element, place.at(number)) for number, item in enumerate(value)]
        return _kept(item for item, _ in pairs), [one for _, inside in pairs for one in inside]
    if get_origin(kind) is dict and isinstance(value, dict):
        element = get_args(kind)[1]
        named = {key: _value(item, element, place.inside(key)) for key, item in value.items()}
        found = [one for _, inside in named.values() for one in inside]
        return {key: item for key, (item, _) in named.items() if item is not _NOTHING}, found
    try:
        token.convert(value, kind)
    except msgspec.ValidationError as error:
        return _NOTHING, [_misfit(str(error), place)]
    return value, []


def _kept(items: Any) -> list[Any]:
    return [item for item in items if item is not _NOTHING]


def _misfit(message: str, place: Place) -> Found:
    if match := _MISMATCH.fullmatch(message):
        return wrong_type(match[1], match[2], place)
    return fault(place, f"does not fit: {message}", reference="config-type")
