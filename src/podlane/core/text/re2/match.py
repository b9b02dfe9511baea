"""Tells whether a pattern matches somewhere in a text, all possibilities side by side.

There is no way back and nothing is tried twice, so no text makes a pattern run long: the time is
that of the text times the size of the pattern.
"""

from __future__ import annotations

from functools import lru_cache

import msgspec

from podlane.core.text.re2.parse import parse
from podlane.core.text.re2.tree import At, Choice, Node, Repeat, Row, Signs

_LARGEST = 4000


class Fork(msgspec.Struct):
    """Go on at each of these steps."""

    to: list[int]


Step = Signs | At | Fork | None  # None: it matches


class Program(msgspec.Struct, frozen=True):
    """Steps in a row: each goes on to the next one, a Fork to where it says."""

    steps: list[Step]

    def matches(self, text: str) -> bool:
        """Whether it matches anywhere in `text`."""
        here: set[int] = set()
        for at in range(len(text) + 1):
            here = self._reached(here | {0}, text, at)
            if any(self.steps[one] is None for one in here):
                return True
            if at < len(text):
                here = {one + 1 for one in here if self._takes(one, text[at])}
        return False

    def _takes(self, number: int, sign: str) -> bool:
        step = self.steps[number]
        return isinstance(step, Signs) and step.holds(sign)

    def _reached(self, start: set[int], text: str, at: int) -> set[int]:
        """All steps that are reached from `start` without a further character."""
        seen: set[int] = set()
        waiting = list(start)
        while waiting:
            number = waiting.pop()
            if number in seen:
                continue
            seen.add(number)
            step = self.steps[number]
            if isinstance(step, Fork):
                waiting += step.to
            elif isinstance(step, At) and _is_at(step, text, at):
                waiting.append(number + 1)
        return seen


@lru_cache(maxsize=256)
def compiled(pattern: str) -> Program:
    """ValueError when it is no pattern, or one that is too large."""
    steps: list[Step] = []
    _add(parse(pattern), steps)
    steps.append(None)
    return Program(steps)


def _add(node: Node, steps: list[Step]) -> None:
    if len(steps) > _LARGEST:
        raise ValueError("it is too large: it repeats too much")
    match node:
        case Row(items=items):
            for item in items:
                _add(item, steps)
        case Choice(items=items):
            _add_choice(items, steps)
        case Repeat():
            _add_repeat(node, steps)
        case _:
            steps.append(node)


def _add_choice(items: tuple[Node, ...], steps: list[Step]) -> None:
    start, ends = Fork([]), []
    steps.append(start)
    for item in items:
        start.to.append(len(steps))
        _add(item, steps)
        end = Fork([])
        steps.append(end)
        ends.append(end)
    for end in ends:
        end.to.append(len(steps))


def _add_repeat(node: Repeat, steps: list[Step]) -> None:
    for _ in range(node.least):
        before = len(steps)
        _add(node.item, steps)
        if len(steps) == before:  # nothing, however often
            break
    if node.most is None:
        fork = Fork([len(steps) + 1])
        back = len(steps)
        steps.append(fork)
        _add(node.item, steps)
        steps.append(Fork([back]))
        fork.to.append(len(steps))
        return
    forks = []
    for _ in range(node.most - node.least):
        fork = Fork([len(steps) + 1])
        steps.append(fork)
        forks.append(fork)
        _add(node.item, steps)
    for fork in forks:
        fork.to.append(len(steps))


def _is_at(step: At, text: str, at: int) -> bool:
    match step.spot:
        case "start":
            return at == 0
        case "end":
            return at == len(text)
        case "line-start":
            return at == 0 or text[at - 1] == "\n"
        case "line-end":
            return at == len(text) or text[at] == "\n"
    is_edge = _is_word(text[at - 1 : at] if at else "") != _is_word(text[at : at + 1])
    return is_edge is (step.spot == "word")


def _is_word(sign: str) -> bool:
    return sign.isascii() and (sign.isalnum() or sign == "_")
