"""Reads single values of a node in the type a keyword wants; a wrong one becomes a fault."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

from podlane.local.pipeline.node import Faults, Node, items, table

_NESTING = 10


class Reading:
    """What is said of a wrong value, in one place; `what` is the keyword as the user knows it."""

    def __init__(self, faults: Faults) -> None:
        self.faults = faults

    def wrong(self, node: Node, what: str, wanted: str) -> None:
        self.faults.add(node.place, f"`{what}` must be {wanted}")

    def text(self, node: Node | None, what: str, default: str = "") -> str:
        """A text; a number or boolean counts as its text, as GitLab reads most fields."""
        if node is None or node.value is None:
            return default
        if isinstance(node.value, str | bool | int | float):
            return as_text(node)
        self.wrong(node, what, "a text")
        return default

    def boolean(self, node: Node | None, what: str, *, default: bool = False) -> bool:
        if node is None or node.value is None:
            return default
        if isinstance(node.value, bool):
            return node.value
        self.wrong(node, what, "true or false")
        return default

    def integer(self, node: Node, what: str, lowest: int, highest: int) -> int:
        value = node.value
        is_number = isinstance(value, int) and not isinstance(value, bool)
        if is_number and lowest <= int(str(value)) <= highest:
            return int(str(value))
        self.wrong(node, what, f"a number from {lowest} to {highest}")
        return lowest

    def choice(self, node: Node | None, what: str, words: tuple[str, ...]) -> str:
        """One of `words`; the first is the default."""
        if node is None or node.value is None:
            return words[0]
        if isinstance(node.value, str) and (node.value in words or "$" in node.value):
            return node.value
        near = difflib.get_close_matches(as_text(node), words, 1)
        more = f"; did you mean `{near[0]}`?" if near else ""
        self.wrong(node, what, f"one of {', '.join(f'`{word}`' for word in words)}{more}")
        return words[0]

    def texts(self, node: Node | None, what: str) -> tuple[str, ...]:
        """One text or a list of texts; lists brought by `!reference` are laid flat."""
        if node is None:
            return ()
        return tuple(self.text(item, what) for item in self.flat(node, what))

    def keys(self, node: Node | None, what: str, known: Iterable[str]) -> dict[str, Node]:
        """The keys of a mapping, each of them known; those set to null are left out."""
        if node is None or node.value is None:
            return {}
        if not isinstance(node.value, dict):
            self.wrong(node, what, "a mapping")
            return {}
        for key, item in node.value.items():
            if key not in (known := tuple(known)):
                self.unknown(item, f"{what}:{key}", key, known)
        return {key: item for key, item in node.value.items() if item.value is not None}

    def unknown(self, node: Node, what: str, key: str, known: Iterable[str]) -> None:
        near = difflib.get_close_matches(key, list(known), 1, 0.5)
        more = f"; did you mean `{near[0]}`?" if near else ""
        self.faults.add(node.place, f"`{what}` is an unknown keyword{more}")

    def flat(self, node: Node, what: str, depth: int = 0) -> tuple[Node, ...]:
        if depth > _NESTING:
            self.wrong(node, what, "nested at most 10 lists deep")
            return ()
        result: list[Node] = []
        for item in items(node):
            if isinstance(item.value, tuple):
                result.extend(self.flat(item, what, depth + 1))
            else:
                result.append(item)
        return tuple(result)


def as_text(node: Node) -> str:
    """How GitLab writes a scalar as text: `true`, `1.0`, nothing for null."""
    value = node.value
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def has(node: Node, key: str) -> bool:
    """Tell whether a mapping sets `key` to something."""
    item = table(node).get(key)
    return item is not None and item.value is not None
