"""What a pattern is made of, once it is read."""

from __future__ import annotations

from typing import Literal

import msgspec

LAST = 0x10FFFF
Ranges = tuple[tuple[int, int], ...]
Spot = Literal["start", "end", "line-start", "line-end", "word", "no-word"]


class Signs(msgspec.Struct, frozen=True):
    """One character out of `ranges`; `folds`: upper and lower case are the same."""

    ranges: Ranges
    folds: bool = False

    def holds(self, sign: str) -> bool:
        if self._has(ord(sign)):
            return True
        return self.folds and any(self._has(ord(one)) for one in other_cases(sign))

    def _has(self, code: int) -> bool:
        return any(low <= code <= high for low, high in self.ranges)


class At(msgspec.Struct, frozen=True):
    """A place between two characters."""

    spot: Spot


class Row(msgspec.Struct, frozen=True):
    """One after the other; empty: nothing at all."""

    items: tuple[Node, ...] = ()


class Choice(msgspec.Struct, frozen=True):
    items: tuple[Node, ...]


class Repeat(msgspec.Struct, frozen=True):
    """`most` None: without end. Which of several matches is found makes no difference here."""

    item: Node
    least: int
    most: int | None


Node = Signs | At | Row | Choice | Repeat


def other_cases(sign: str) -> set[str]:
    return {one for one in (sign.lower(), sign.upper()) if len(one) == 1 and one != sign}


def negated(ranges: Ranges) -> Ranges:
    found, start = [], 0
    for low, high in sorted(ranges):
        if start < low:
            found.append((start, low - 1))
        start = max(start, high + 1)
    return (*found, (start, LAST)) if start <= LAST else tuple(found)
