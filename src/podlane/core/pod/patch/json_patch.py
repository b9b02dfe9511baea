"""JSON Patch (RFC 6902): a list of operations, each at a JSON Pointer (RFC 6901).

As lenient as kubectl and gitlab-runner are: what is not there is null where it is copied, tested or
replaced, a value that is left out is null, and negative numbers count from a list's end.
"""

from __future__ import annotations

import copy
import re
from typing import Any

from podlane.core.pod.patch.problem import PatchProblem

_PLACE = re.compile(r"[-+]?[0-9]{1,9}", re.ASCII)
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
            _add(whole, path, operation.get("value"))
        case "remove":
            _remove(whole, path)
        case "replace":
            _replace(whole, path, operation.get("value"))
        case "move":
            _add(whole, path, _remove(whole, _pointer(operation, "from")))
        case "copy":
            _add(whole, path, copy.deepcopy(_look(whole, _pointer(operation, "from"))))
        case "test" if _look(whole, path) != operation.get("value"):
            raise PatchProblem(f"the test of {operation['path']!r} fails")


def _pointer(operation: dict[str, Any], key: str) -> list[str]:
    text = operation.get(key)
    if not isinstance(text, str) or not (text == "" or text.startswith("/")):
        raise PatchProblem(f"`{key}` is no JSON pointer: {str(text)[:100]!r}")
    return [part.replace("~1", "/").replace("~0", "~") for part in text.split("/")]


def _find(whole: Any, path: list[str]) -> Any:
    for part in path:
        whole = whole[_key(whole, part)]
    return whole


def _look(whole: Any, path: list[str]) -> Any:
    """Null for a key that is not there, if what would hold it is."""
    parent = _find(whole, path[:-1])
    return parent.get(path[-1]) if isinstance(parent, dict) else _find(parent, path[-1:])


def _replace(whole: Any, path: list[str], value: Any) -> None:
    parent = _find(whole, path[:-1])
    place = path[-1] if isinstance(parent, dict) else _key(parent, path[-1])
    parent[place] = value


def _add(whole: Any, path: list[str], value: Any) -> None:
    parent = _find(whole, path[:-1])
    if isinstance(parent, list):
        place = len(parent) if path[-1] == "-" else _place(path[-1], len(parent) + 1)
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
        return _place(part, len(parent))
    if isinstance(parent, dict) and part in parent:
        return part
    raise PatchProblem(f"there is no {part[:100]!r}")


def _place(part: str, places: int) -> int:
    """Which of so many places in a list is meant."""
    number = int(part) if _PLACE.fullmatch(part) else places
    if not -places <= number < places:
        raise PatchProblem(f"there is no item {part[:100]!r} in the list")
    return number % places
