"""The values of a configuration file, each with the file and line it was written at.

Lines survive includes, merges and references, so that every fault can name its place.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from podlane.errors import ConfigError


class Place(msgspec.Struct, frozen=True):
    file: str
    line: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"


class Reference(msgspec.Struct, frozen=True):
    """`!reference [job, key, ...]`, not yet looked up."""

    path: tuple[str, ...]


Value = None | bool | int | float | str | Reference | dict[str, "Node"] | tuple["Node", ...]


class Node(msgspec.Struct, frozen=True):
    """A value; for the value of a key, `place` is the key's."""

    value: Value
    place: Place


NOWHERE = Place("", 0)
NOTHING = Node(None, NOWHERE)


class PipelineFault(ConfigError):
    """The configuration cannot be used; the message has one `file:line: what` a line."""

    reference = "pipeline-configuration"


class Faults:
    """Collects what is wrong, so that all of it is told at once."""

    def __init__(self) -> None:
        self._found: dict[tuple[Place, str], None] = {}

    def add(self, place: Place, message: str) -> None:
        self._found[(place, message)] = None

    def __bool__(self) -> bool:
        return bool(self._found)

    def __iter__(self) -> Iterator[tuple[Place, str]]:
        return iter(self._found)

    def raise_if_any(self, *, hint: str = "") -> None:
        if self._found:
            found = sorted(self._found, key=lambda fault: (fault[0].file, fault[0].line))
            lines = [f"{place}: {text}" if place.file else text for place, text in found]
            raise PipelineFault("\n".join(lines), hint=hint)


def table(node: Node) -> dict[str, Node]:
    """The keys of a mapping; none for anything else."""
    return node.value if isinstance(node.value, dict) else {}


def items(node: Node) -> tuple[Node, ...]:
    """The items of a list; a single value counts as a list of one, nothing as none."""
    if isinstance(node.value, tuple):
        return node.value
    return () if node.value is None else (node,)


def plain(node: Node) -> object:
    """The value without its places, for messages and tests."""
    if isinstance(node.value, dict):
        return {key: plain(item) for key, item in node.value.items()}
    if isinstance(node.value, tuple):
        return [plain(item) for item in node.value]
    return node.value
