"""GitLab's expansion of variables before a job is handed out.

Values are filled in the order of what they depend on, nested ones too; `$$`, `%%`, unknown
names and names of file or raw variables are left for the runner; a circle leaves all as it is.
Of equal keys the later one wins, and may build on the earlier: `PATH: "$PATH:/extra"`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

_REFERENCE = re.compile(
    r"\$\$|%%|\$(?P<plain>[A-Za-z_]\w*)|\$\{(?P<braced>[A-Za-z_]\w*)\}|%(?P<percent>[A-Za-z_]\w*)%",
    re.ASCII,
)


def names_in(text: str) -> tuple[str, ...]:
    found = (_name(match) for match in _REFERENCE.finditer(text))
    return tuple(dict.fromkeys(name for name in found if name))


def _name(match: re.Match[str]) -> str:
    return match.group("plain") or match.group("braced") or match.group("percent") or ""


def fill(text: str, value_of: Callable[[str], str | None]) -> str:
    """Put values in the place of references; where `value_of` gives None the text stays."""

    def value(match: re.Match[str]) -> str:
        name = _name(match)
        found = value_of(name) if name else None
        return match.group() if found is None else found

    return _REFERENCE.sub(value, text)


def expand_text(text: str, variables: Mapping[str, str]) -> str:
    """For names of environments, workflows, resource groups."""
    return fill(text, variables.get)


def expand(variables: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Expand payload variables (`key`, `value`, `raw`, `file`), in the order of dependence."""
    given = list(variables)
    ordered = _sorted(given)
    if ordered is None:
        return given
    done: list[dict[str, Any]] = []
    known: dict[str, dict[str, Any]] = {}
    for item in ordered:
        if _depends(item):
            item = {**item, "value": fill(item["value"], lambda name: _insert(known.get(name)))}
        done.append(item)
        known[item["key"]] = item
    return done


def _insert(item: dict[str, Any] | None) -> str | None:
    if item is None or item.get("raw") or item.get("file"):
        return None
    return str(item["value"])


def _depends(item: dict[str, Any]) -> tuple[str, ...]:
    return () if item.get("raw") else names_in(item["value"])


def _sorted(items: list[dict[str, Any]]) -> list[dict[str, Any]] | None:
    """Depth first, so that what a value depends on stands before it; None for a circle."""
    last = {item["key"]: index for index, item in enumerate(items)}
    done: dict[int, bool] = {}
    order: list[dict[str, Any]] = []

    def visit(index: int) -> bool:
        if index in done:
            return done[index]
        done[index] = False
        for name in _depends(items[index]):
            target = last.get(name, index)
            if target != index and not visit(target):
                return False
        done[index] = True
        order.append(items[index])
        return True

    return order if all(visit(index) for index in range(len(items))) else None
