"""Looking into a manifest: `spec.containers[build].image` → value, and comparing it with a wish."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

_PART = re.compile(r"\[([^\]]*)\]|([^.\[\]]+)")


def find(tree: Any, path: str) -> Any:
    """Follow a path; None where it ends. `[x]` is a place in a list (by number, else by the
    `name` of its items) or a key of an object that holds dots."""
    for bracketed, plain in _PART.findall(path):
        tree = _step(tree, bracketed or plain)
    return tree


def _step(tree: Any, word: str) -> Any:
    if isinstance(tree, dict):
        return tree.get(word)
    if isinstance(tree, list):
        if word.isdigit():
            return tree[int(word)] if int(word) < len(tree) else None
        return next((item for item in tree if item.get("name") == word), None)
    return None


def check(tree: Any, wishes: dict[str, Any]) -> None:
    """Compare each path's value: equal, null for not there, or `{matches: …}` (a regex),
    `{has: …}` and `{lacks: …}` (a list's item, an object's key, a part of a text), `{names: […]}`.
    """
    for path, wish in wishes.items():
        found = find(tree, path)
        assert agrees(found, wish), f"{path} is {found!r}, not {wish!r}"


def agrees(found: Any, wish: Any) -> bool:
    if not (isinstance(wish, dict) and len(wish) == 1):
        return bool(found == wish)
    [(how, wanted)] = wish.items()
    known: dict[str, Callable[[], bool]] = {
        "matches": lambda: re.search(wanted, str(found)) is not None,
        "has": lambda: found is not None and wanted in found,
        "lacks": lambda: found is None or wanted not in found,
        "names": lambda: [item["name"] for item in found or ()] == wanted,
    }
    return bool(known[how]() if how in known else found == wish)
