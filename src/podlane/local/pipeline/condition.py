"""The language of `rules:if` and `only:variables`: read, then asked with variables.

A statement whose pattern turns out to be none while it is asked is false, as in GitLab.
Values are compared as they stand: variables inside values are not expanded here.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Literal

import msgspec

from podlane.local.pipeline import regex
from podlane.local.pipeline.regex import BadPattern


class BadCondition(Exception):
    """The text is no condition; the message says where it stops being one."""


class Name(msgspec.Struct, frozen=True):
    name: str


class Text(msgspec.Struct, frozen=True):
    text: str | None


class Flag(msgspec.Struct, frozen=True):
    is_true: bool


class Pattern(msgspec.Struct, frozen=True):
    pattern: re.Pattern[str]


Operand = Name | Text | Flag | Pattern


class Comparison(msgspec.Struct, frozen=True):
    left: Operand
    sign: Literal["==", "!=", "=~", "!~"]
    right: Operand


class Both(msgspec.Struct, frozen=True):
    parts: tuple[Condition, ...]


class Either(msgspec.Struct, frozen=True):
    parts: tuple[Condition, ...]


Condition = Operand | Comparison | Both | Either

_TOKEN = re.compile(
    r"\s*(?:(?P<name>\$\w+)|(?P<text>\"[^\"]*\"|'[^']*')|(?P<pattern>/(?:\\.|[^/\\])+/[ismU]*)"
    r"|(?P<word>null|true|false)\b|(?P<sign>==|!=|=~|!~|&&|\|\||[()]))",
    re.DOTALL,
)
_COMPARES = {"==", "!=", "=~", "!~"}


def parse_condition(text: str) -> Condition:
    tokens = _tokens(text)
    if not tokens:
        raise BadCondition("the condition is empty")
    if len(tokens) > 100:
        raise BadCondition("the condition has more than 100 parts")
    parser = _Parser(tokens)
    result = parser.either()
    if not parser.is_done:
        raise BadCondition(f"nothing is expected at `{parser.here}`")
    return result


def _tokens(text: str) -> list[tuple[str, str]]:
    tokens: list[tuple[str, str]] = []
    position, end = 0, len(text.rstrip())
    while position < end:
        found = _TOKEN.match(text, position)
        if found is None:
            rest = text[position:end].strip()
            more = ": write `$NAME`, without braces" if rest.startswith("${") else ""
            raise BadCondition(f"cannot be read at `{rest[:30]}`{more}")
        kind = found.lastgroup or ""
        tokens.append((kind, found.group(kind)))
        position = found.end()
    return tokens


class _Parser:
    def __init__(self, tokens: list[tuple[str, str]]) -> None:
        self._tokens = tokens
        self._index = 0

    @property
    def is_done(self) -> bool:
        return self._index >= len(self._tokens)

    @property
    def here(self) -> str:
        return "" if self.is_done else self._tokens[self._index][1]

    def either(self) -> Condition:
        parts = [self._both()]
        while self._takes("||"):
            parts.append(self._both())
        return parts[0] if len(parts) == 1 else Either(tuple(parts))

    def _both(self) -> Condition:
        parts = [self._comparison()]
        while self._takes("&&"):
            parts.append(self._comparison())
        return parts[0] if len(parts) == 1 else Both(tuple(parts))

    def _comparison(self) -> Condition:
        if self._takes("("):
            inside = self.either()
            if not self._takes(")"):
                raise BadCondition("a `)` is missing")
            return inside
        left = self._operand()
        sign = self.here
        if sign not in _COMPARES:
            return left
        self._index += 1
        right = self._operand()
        if sign in ("=~", "!~") and not isinstance(right, Pattern | Name):
            raise BadCondition(f"`{sign}` takes a `/pattern/` or a variable on its right")
        return Comparison(left, sign, right)  # type: ignore[arg-type]

    def _takes(self, sign: str) -> bool:
        matched = not self.is_done and self._tokens[self._index] == ("sign", sign)
        self._index += matched
        return matched

    def _operand(self) -> Operand:
        if self.is_done:
            raise BadCondition("it ends where a value is expected")
        kind, text = self._tokens[self._index]
        self._index += 1
        if kind == "name":
            return Name(text[1:])
        if kind == "text":
            return Text(text[1:-1])
        if kind == "word":
            return Text(None) if text == "null" else Flag(text == "true")
        if kind == "pattern":
            return _pattern(text)
        raise BadCondition(f"a value is expected at `{text}`")


def _pattern(text: str) -> Pattern:
    try:
        compiled = regex.parse_literal(text)
    except BadPattern as error:
        raise BadCondition(str(error)) from error
    if compiled is None:
        raise BadCondition(f"`{text}` is no pattern")
    return Pattern(compiled)


def holds(condition: Condition, variables: Mapping[str, str]) -> bool:
    try:
        return _holds(condition, variables)
    except BadPattern:
        return False


def _holds(condition: Condition, variables: Mapping[str, str]) -> bool:
    if isinstance(condition, Both):
        return all(_holds(part, variables) for part in condition.parts)
    if isinstance(condition, Either):
        return any(_holds(part, variables) for part in condition.parts)
    if isinstance(condition, Comparison):
        return _compares(condition, variables)
    if isinstance(condition, Flag):
        return condition.is_true
    return bool(_value(condition, variables))


def _value(operand: Operand, variables: Mapping[str, str]) -> str | None:
    if isinstance(operand, Name):
        return variables.get(operand.name)
    if isinstance(operand, Text):
        return operand.text
    if isinstance(operand, Flag):
        return "true" if operand.is_true else "false"
    return operand.pattern.pattern


def _compares(comparison: Comparison, variables: Mapping[str, str]) -> bool:
    left = _value(comparison.left, variables)
    if comparison.sign in ("==", "!="):
        is_equal = left == _value(comparison.right, variables)
        return is_equal is (comparison.sign == "==")
    found = _found(left or "", comparison.right, variables)
    return found is (comparison.sign == "=~")


def _found(text: str, right: Operand, variables: Mapping[str, str]) -> bool:
    if isinstance(right, Pattern):
        return right.pattern.search(text) is not None
    value = _value(right, variables)
    if value is None:
        return False
    pattern = regex.parse_literal(value)
    if pattern is None:
        raise BadPattern(value)
    return pattern.search(text) is not None
