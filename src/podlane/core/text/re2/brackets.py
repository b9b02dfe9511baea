"""A class in brackets: `[a-z]`, `[^[:space:]_]`."""

from __future__ import annotations

import re

from podlane.core.text.re2 import classes, escapes
from podlane.core.text.re2.tree import Ranges, negated

_NAMED = re.compile(r"\[:(\^?\w*):\]", re.ASCII)


def parse(text: str, at: int) -> tuple[Ranges, int]:
    """The characters of the class that begins at `at`, and where it ends."""
    start = at + 2 if text.startswith("[^", at) else at + 1
    found: list[tuple[int, int]] = []
    at, is_first = start, True
    while is_first or text[at : at + 1] != "]":
        is_first = False
        if at >= len(text):
            raise ValueError("there is a `[` without its `]`")
        if named := _NAMED.match(text, at):
            found += classes.posix(named[1])
            at = named.end()
            continue
        ranges, at = _member(text, at)
        if text.startswith("-", at) and text[at + 1 : at + 2] not in ("]", ""):
            last, at = _member(text, at + 1)
            ranges = _span(ranges, last)
        found += ranges
    is_negated = text[start - 1] == "^"
    return negated(tuple(found)) if is_negated else tuple(found), at + 1


def _member(text: str, at: int) -> tuple[Ranges, int]:
    if text[at] == "\\":
        return escapes.parse(text, at)
    return ((ord(text[at]), ord(text[at])),), at + 1


def _span(first: Ranges, last: Ranges) -> Ranges:
    ends = [*first, *last]
    if len(ends) != 2 or any(low != high for low, high in ends) or first[0][0] > last[0][0]:
        raise ValueError("a range in brackets runs from a character to a later one")
    return ((first[0][0], last[0][0]),)
