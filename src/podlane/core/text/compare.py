"""What differs between two trees of plain data, path by path, for people to read.

A list of tables with names is matched by name, so that a container or volume more moves no other.
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterator
from typing import Any

import msgspec
import yaml

MISSING: Any = object()
_SHORT = 60
_NAMES = ("name", "key", "section", "mountPath", "file")
_INDENT = "  "


class Change(msgspec.Struct, frozen=True):
    """`old` or `new` is MISSING where there was or is nothing."""

    path: str
    old: Any
    new: Any


def compare(old: Any, new: Any, path: str = "") -> Iterator[Change]:
    """Yield what differs, in the order of `old`, then what only `new` has."""
    parts = _parts(old, new)
    if parts is None:
        if old != new:
            yield Change(path, old, new)
        return
    before, after = parts
    for step in [*before, *(step for step in after if step not in before)]:
        whole = f"{path}{step}" if step.startswith("[") or not path else f"{path}.{step}"
        yield from compare(before.get(step, MISSING), after.get(step, MISSING), whole)


def _parts(old: Any, new: Any) -> tuple[dict[str, Any], dict[str, Any]] | None:
    """The parts of two tables, or of two lists; None where they are compared whole."""
    if isinstance(old, dict) and isinstance(new, dict):
        return _keyed(old), _keyed(new)
    if not isinstance(old, list) or not isinstance(new, list):
        return None
    for name in _NAMES:
        if _tells_apart(name, old) and _tells_apart(name, new):
            return _listed(old, name), _listed(new, name)
    if len(old) == len(new) and all(isinstance(item, dict) for item in (*old, *new)):
        return _listed(old), _listed(new)
    return None


def _keyed(table: dict[str, Any]) -> dict[str, Any]:
    return {f'"{key}"' if "." in key or "/" in key else key: item for key, item in table.items()}


def _listed(items: list[Any], name: str = "") -> dict[str, Any]:
    return {f"[{item[name] if name else n}]": item for n, item in enumerate(items)}


def _tells_apart(name: str, items: list[Any]) -> bool:
    names = [item.get(name) if isinstance(item, dict) else None for item in items]
    return all(isinstance(one, str) for one in names) and len(set(names)) == len(names)


def render(change: Change) -> list[str]:
    """Lines that begin with `~` for another value, `-` for one that is gone, `+` for a new one."""
    old, new = _text(change.old), _text(change.new)
    if change.old is MISSING:
        return _whole("+", change.path, new)
    if change.new is MISSING:
        return _whole("-", change.path, old)
    if "\n" not in old + new and len(old) + len(new) <= 2 * _SHORT:
        return [f"~ {change.path}: {old} → {new}"]
    lines = list(difflib.unified_diff(old.split("\n"), new.split("\n"), lineterm="", n=1))[2:]
    return [f"~ {change.path}:", *(_INDENT + line for line in lines if not line.startswith("@@"))]


def _whole(sign: str, path: str, text: str) -> list[str]:
    if "\n" not in text:
        return [f"{sign} {path}: {text}"]
    return [f"{sign} {path}:", *(f"{_INDENT}{sign} {line}" for line in text.split("\n"))]


def _text(value: Any) -> str:
    """A text of several lines as it is, all else as JSON if that is short, or as YAML."""
    if value is MISSING:
        return ""
    if isinstance(value, str) and "\n" in value:
        return value
    text = json.dumps(value, ensure_ascii=False)
    if len(text) <= _SHORT or not isinstance(value, dict | list):
        return text
    return yaml.safe_dump(value, sort_keys=False, allow_unicode=True, width=100).rstrip("\n")
