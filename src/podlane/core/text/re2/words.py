"""Which whole texts a pattern lets through, where they can be counted: `^(a|b-[12])$`."""

from __future__ import annotations

from itertools import product

from podlane.core.text.re2.parse import parse
from podlane.core.text.re2.tree import At, Choice, Node, Repeat, Row, Signs, other_cases

_START, _END = "\x00<", "\x00>"  # no character of a text is two
_Word = tuple[str, ...]


def words(pattern: str, most: int = 100) -> frozenset[str] | None:
    """The texts that match; None when they are without number, or more than `most`."""
    found = _of(parse(pattern), most)
    if found is None or any(not _is_whole(word) for word in found):
        return None
    texts = [tuple(sign for sign in word if sign not in (_START, _END)) for word in found]
    return frozenset("".join(text) for text in texts)


def _is_whole(word: _Word) -> bool:
    """Whether it holds from the first character to the last: `^` and `$` at its ends."""
    inside = word[1:-1]
    return (
        len(word) > 1 and word[0] == _START and word[-1] == _END and not {_START, _END} & {*inside}
    )


def _of(node: Node, most: int) -> set[_Word] | None:
    match node:
        case Signs():
            return _of_signs(node, most)
        case At(spot="start" | "end" as spot):
            return {(_START if spot == "start" else _END,)}
        case Row(items=items):
            return _of_row(items, most)
        case Choice(items=items):
            return _together([_of(item, most) for item in items], most)
        case Repeat(item=item, least=least, most=int(times)) if times <= most:
            return _of_repeat(_of(item, most), least, times, most)
    return None


def _of_signs(node: Signs, most: int) -> set[_Word] | None:
    if sum(high - low + 1 for low, high in node.ranges) > most:
        return None
    signs = [chr(code) for low, high in node.ranges for code in range(low, high + 1)]
    if node.folds:
        signs += [other for sign in signs for other in other_cases(sign)]
    return {(sign,) for sign in signs}


def _of_row(items: tuple[Node, ...], most: int) -> set[_Word] | None:
    found: set[_Word] | None = {()}
    for item in items:
        found = _joined(found, _of(item, most), most)
    return found


def _of_repeat(one: set[_Word] | None, least: int, times: int, most: int) -> set[_Word] | None:
    row: set[_Word] | None = {()}
    rows: list[set[_Word] | None] = []
    for count in range(times + 1):
        if count >= least:
            rows.append(row)
        row = _joined(row, one, most)
    return _together(rows, most)


def _joined(first: set[_Word] | None, second: set[_Word] | None, most: int) -> set[_Word] | None:
    if first is None or second is None:
        return None
    found = {(*one, *other) for one, other in product(first, second)}
    return found if len(found) <= most else None


def _together(parts: list[set[_Word] | None], most: int) -> set[_Word] | None:
    found: set[_Word] = set()
    for part in parts:
        if part is None:
            return None
        found |= part
    return found if len(found) <= most else None
