"""The values of Moa: null, booleans, numbers (floats), strings, arrays, objects; how they compare
and what they are as text."""

from __future__ import annotations

import json
from typing import Any, Final

Value = Any  # None, bool, float, str, list, dict, or SECRET


class MoaError(Exception):
    """The expression cannot be read, or has no value."""


class _Secret:
    """A value that may be named, and not be used."""


SECRET: Final = _Secret()
_LARGEST_WHOLE = 1e21
_ORDER = ("null", "boolean", "number", "string", "array", "object")


def kind(value: Value) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return "boolean"
        case int() | float():
            return "number"
        case str():
            return "string"
        case list():
            return "array"
        case dict():
            return "object"
        case _:
            raise MoaError("it uses a sensitive input, which may not be put into a job")


def is_true(value: Value) -> bool:
    kind(value)
    return bool(value)


def text(value: Value) -> str:
    """What `str(value)` is, and what a value becomes between other text."""
    match kind(value):
        case "null":
            return "<null>"
        case "boolean":
            return "true" if value else "false"
        case "number":
            return _number(value)
        case "string":
            return str(value)
        case "array":
            return f"[{','.join(_quoted(item) for item in value)}]"
        case _:
            pairs = (f"{_quoted(key)}:{_quoted(item)}" for key, item in value.items())
            return f"{{{','.join(pairs)}}}"


def number(value: Value) -> float:
    """What `num(value)` is."""
    if kind(value) == "number":
        return float(value)
    try:
        if kind(value) == "string" and value.strip() == value and "_" not in value:
            return float(value)
    except ValueError:
        pass
    raise MoaError(f"num() of {_shown(value)}, which is no number")


def compare(left: Value, right: Value) -> int:
    """-1, 0 or 1. Values of different kinds are never equal."""
    kinds = kind(left), kind(right)
    if kinds[0] != kinds[1]:
        return _sign(_ORDER.index(kinds[0]), _ORDER.index(kinds[1]))
    match kinds[0]:
        case "null":
            return 0
        case "string":
            return _sign(left.encode(), right.encode())
        case "array":
            pairs = zip(left, right, strict=False)
            return _first(compare(a, b) for a, b in pairs) or _sign(len(left), len(right))
        case "object":
            return _compare_objects(left, right)
        case _:
            return _sign(left, right)


def _compare_objects(left: dict[str, Value], right: dict[str, Value]) -> int:
    keys = sorted(left), sorted(right)
    by_keys = _sign(len(left), len(right)) or compare(keys[0], keys[1])
    return by_keys or _first(compare(left[key], right[key]) for key in keys[0])


def _first(found: Any) -> int:
    return next((one for one in found if one), 0)


def _sign(left: Any, right: Any) -> int:
    return int(left > right) - int(left < right)


def _number(value: float) -> str:
    is_whole = abs(value) < _LARGEST_WHOLE and value == int(value)
    return str(int(value)) if is_whole else repr(float(value))


def _quoted(value: Value) -> str:
    if kind(value) == "string":
        return json.dumps(value, ensure_ascii=False)
    return "null" if value is None else text(value)


def _shown(value: Value) -> str:
    shown = _quoted(value)
    return shown if len(shown) <= 60 else f"{shown[:60]}…"
