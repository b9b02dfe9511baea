"""Reads a pattern in the syntax of Go's `regexp` (RE2). ValueError says what is wrong with it.

What RE2 has not (looking around, back references, `\\Z`) is refused, as gitlab-runner refuses it.
"""

from __future__ import annotations

import re

from podlane.core.text.re2 import brackets, escapes
from podlane.core.text.re2.tree import LAST, At, Choice, Node, Repeat, Row, Signs, Spot

_COUNT = re.compile(r"\{(\d{1,9})(?:(,)(\d{0,9}))?\}", re.ASCII)
_NAMED = re.compile(r"\(\?P?<(\w+)>", re.ASCII)
_FLAGS = re.compile(r"\(\?([imsU]*)(?:-([imsU]+))?([:)])")
_MOST_TIMES = 1000
_DEEPEST = 60
_SPOTS: dict[str, Spot] = {"A": "start", "z": "end", "b": "word", "B": "no-word"}


def parse(pattern: str) -> Node:
    reader = _Reader(pattern)
    tree = reader.choice("")
    if reader.at < len(pattern):
        raise ValueError("there is a `)` without its `(`")
    return tree


class _Reader:
    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self._depth = 0

    def choice(self, flags: str) -> Node:
        """Everything up to the `)` of this group, or to the end. `flags` hold for the group."""
        items: list[Node] = []
        row: list[Node] = []
        while self.at < len(self.text) and self.text[self.at] != ")":
            if self.text[self.at] == "|":
                self.at += 1
                items.append(Row(tuple(row)))
                row = []
            elif (changed := self._flags(flags)) is not None:
                flags = changed
            elif self.text.startswith("\\Q", self.at):
                row += self._quoted(flags)
            else:
                row.append(self._repeated(self._atom(flags)))
        items.append(Row(tuple(row)))
        return items[0] if len(items) == 1 else Choice(tuple(items))

    def _flags(self, flags: str) -> str | None:
        """Take `(?i)`; None when there is none. `(?i:…)` is an atom."""
        found = _FLAGS.match(self.text, self.at)
        if found is None or found[3] == ":":
            return None
        self.at = found.end()
        return _changed(flags, found)

    def _quoted(self, flags: str) -> list[Node]:
        """Take `\\Q…\\E`; a repetition after it is of its last character."""
        quoted, _, rest = self.text[self.at + 2 :].partition("\\E")
        self.at = len(self.text) - len(rest)
        signs: list[Node] = [_literal(one, flags) for one in quoted]
        return [*signs[:-1], self._repeated(signs[-1])] if signs else []

    def _atom(self, flags: str) -> Node:
        sign = self.text[self.at]
        match sign:
            case "(":
                return self._group(flags)
            case "[":
                ranges, self.at = brackets.parse(self.text, self.at)
                return Signs(ranges, "i" in flags)
            case ".":
                self.at += 1
                return Signs(((0, LAST),) if "s" in flags else ((0, 9), (11, LAST)))
            case "^" | "$":
                self.at += 1
                place: Spot = "start" if sign == "^" else "end"
                in_lines: Spot = "line-start" if sign == "^" else "line-end"
                return At(in_lines if "m" in flags else place)
            case "\\":
                return self._escape(flags)
            case "*" | "+" | "?":
                raise ValueError(f"there is nothing before `{sign}` that it could repeat")
        self.at += 1
        return _literal(sign, flags)

    def _group(self, flags: str) -> Node:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise ValueError(f"groups are nested more than {_DEEPEST} deep")
        opened = _FLAGS.match(self.text, self.at)
        if opened is not None:
            flags = _changed(flags, opened)
        else:
            opened = _NAMED.match(self.text, self.at)
        if opened is None and self.text.startswith("(?", self.at):
            raise ValueError(f"`{self.text[self.at : self.at + 4]}` is not there in RE2")
        self.at = opened.end() if opened is not None else self.at + 1
        found = self.choice(flags)
        if self.at >= len(self.text):
            raise ValueError("there is a `(` without its `)`")
        self.at += 1
        self._depth -= 1
        return found

    def _escape(self, flags: str) -> Node:
        letter = self.text[self.at + 1 : self.at + 2]
        if letter in _SPOTS and letter:
            self.at += 2
            return At(_SPOTS[letter])
        ranges, self.at = escapes.parse(self.text, self.at)
        return Signs(ranges, "i" in flags)

    def _repeated(self, item: Node) -> Node:
        is_repeated = False
        while self.at < len(self.text):
            sign = self.text[self.at]
            found = _COUNT.match(self.text, self.at) if sign == "{" else None
            if found is None and sign not in "*+?":
                break
            if is_repeated:
                raise ValueError(f"`{sign}` repeats what is repeated already")
            is_repeated = True
            if found is None:
                least, most = {"*": (0, None), "+": (1, None), "?": (0, 1)}[sign]
                self.at += 1
            else:
                least, most = _times(found)
                self.at = found.end()
            if self.text.startswith("?", self.at):  # the shorter match first: all the same here
                self.at += 1
            item = Repeat(item, least, most)
        return item


def _times(found: re.Match[str]) -> tuple[int, int | None]:
    least = int(found[1])
    most = (int(found[3]) if found[3] else None) if found[2] else least
    if max(least, most or 0) > _MOST_TIMES or (most is not None and most < least):
        raise ValueError(f"`{found[0]}` is no count: it may be up to {_MOST_TIMES}, in order")
    return least, most


def _literal(sign: str, flags: str) -> Signs:
    return Signs(((ord(sign), ord(sign)),), "i" in flags)


def _changed(flags: str, found: re.Match[str]) -> str:
    return "".join(sorted((set(flags) | set(found[1])) - set(found[2] or "")))
