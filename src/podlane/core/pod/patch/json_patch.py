"""JSON Patch (RFC 6902): a list of operations, each at a JSON Pointer (RFC 6901)."""

from __future__ import annotations

import copy
from typing import Any

from podlane.core.pod.patch.problem import PatchProblem

_OPERATIONS = ("add", "remove", "replace", "move", "copy", "test")


def apply(document: Any, patch: Any) -> Any:
    """Return the changed document; the one given stays as it is."""
    if not isinstance(patch, list):
        raise PatchProblem("a JSON patch is a list of operations")
    whole = {"": copy.deepcopy(document)}
    for number, operation in enumerate(patch, start=1):
        try:
            _operate(whole, operation)
        except PatchProblem as problem:
            raise PatchProblem(f"operation {number}: {problem}") from None
    return whole[""]


def _operate(whole: dict[str, Any], operation: Any) -> None:
    if not isinstance(operation, dict) or operation.get("op") not in _OPERATIONS:
        raise PatchProblem(f"`op` is none of {', '.join(_OPERATIONS)}")
    path = _pointer(operation, "path")
    match operation["op"]:
        case "add":
            _add(whole, path, _value(operation))
        case "remove":
            _remove(whole, path)
        case "replace":
            _remove(whole, path)
            _add(whole, path, _value(operation))
        case "move":
            _add(whole, path, _remove(whole, _pointer(operation, "from")))
        case "copy":
            _add(whole, path, copy.deepcopy(_find(whole, _pointer(operation, "from"))))
        case "test" if _find(whole, path) != operation.get("value"):
            raise PatchProblem(f"the test of {operation['path']!r} fails")


def _value(operation: dict[str, Any]) -> Any:
    if "value" not in operation:
        raise PatchProblem(f"`{operation['op']}` lacks its `value`")
    return operation["value"]


def _pointer(operation: dict[str, Any], key: str) -> list[str]:
    text = operation.get(key)
    if not isinstance(text, str) or not (text == "" or text.startswith("/")):
        raise PatchProblem(f"`{key}` is no JSON pointer: {str(text)[:100]!r}")
    return [part.replace("~1", "/").replace("~0", "~") for part in text.split("/")]


def _find(whole: Any, path: list[str]) -> Any:
    for part in path:
        whole = whole[_key(whole, part)]
    return whole


def _add(whole: Any, path: list[str], value: Any) -> None:
    parent = _find(whole, path[:-1])
    if isinstance(parent, list):
        place = len(parent) if path[-1] == "-" else _place(parent, path[-1], len(parent))
        parent.insert(place, value)
    elif isinstance(parent, dict):
        parent[path[-1]] = value
    else:
        raise PatchProblem(f"{'/'.join(path[:-1])!r} holds neither keys nor items")


def _remove(whole: Any, path: list[str]) -> Any:
    parent = _find(whole, path[:-1])
    return parent.pop(_key(parent, path[-1]))


def _key(parent: Any, part: str) -> Any:
    if isinstance(parent, list):
        return _place(parent, part, len(parent) - 1)
    if isinstance(parent, dict) and part in parent:
        return part
    raise PatchProblem(f"there is no {part[:100]!r}")


def _place(parent: list[Any], part: str, most: int) -> int:
    is_number = part.isascii() and part.isdigit() and (part == "0" or part[0] != "0")
    if not is_number or int(part[:9]) > most:
        raise PatchProblem(f"there is no item {part[:100]!r} in a list of {len(parent)}")
    return int(part)
