"""Moa's grammar: a text with `${{ }}` → something that has a value in a context.

A node is a function of the context, so what stands right of `&&` and `||` has a value only if it
is asked for one.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TypeVar

from podlane.core.text.moa import operators
from podlane.core.text.moa.operators import Node, constant
from podlane.core.text.moa.values import MoaError, text

T = TypeVar("T")

_OPEN, _CLOSE, _ESCAPED = "${{", "}}", "\\${{"
_SPACE = re.compile(r"[ \t\r\n]*")
_NUMBER = re.compile(r"\d+(?:\.\d+)?(?:[eE][+-]?\d+)?", re.ASCII)
_IDENT = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)
_FOUR_DIGITS = re.compile(r"[0-9a-fA-F]{4}")
_BINARY = (("||",), ("&&",), ("==", "!=", "<=", ">=", "<", ">"), ("+", "-"), ("*", "/", "%"))
_LITERALS = {"null": None, "true": True, "false": False}
_ESCAPES = dict(zip('\\"nrtabfv/', '\\"\n\r\t\a\b\f\v/', strict=True))
_DEEPEST = 60


def parse_template(source: str) -> Node:
    """Read a text in which expressions may stand. MoaError when it cannot be read."""
    parser = _Parser(source)
    return parser.template(end="")


class _Parser:
    def __init__(self, source: str) -> None:
        self._source = source
        self._at = 0
        self._depth = 0

    def template(self, *, end: str) -> Node:
        """Text and expressions up to `end`: alone, an expression keeps its own kind of value."""
        pieces: list[str | Node] = [""]
        while not (end and self._source.startswith(end, self._at)):
            if self._at >= len(self._source):
                if end:
                    raise self._wrong("a string that does not end")
                break
            if self._skip(_OPEN):
                pieces += [self._enclosed(_CLOSE), ""]
                continue
            last = pieces[-1]
            assert isinstance(last, str)
            pieces[-1] = last + self._plain(end)
        self._at += len(end)
        if len(pieces) == 3 and pieces[0] == pieces[2] == "" and not isinstance(pieces[1], str):
            return pieces[1]
        if len(pieces) == 1:
            return constant(pieces[0])
        return lambda context: "".join(
            piece if isinstance(piece, str) else text(piece(context)) for piece in pieces
        )

    def _plain(self, end: str) -> str:
        """The next piece of text: in a string one sign, else all up to the next expression."""
        if self._skip(_ESCAPED):
            return _OPEN
        if end:
            return self._escape() if self._skip("\\") else self._take(1)
        places = [self._source.find(sign, self._at + 1) for sign in (_OPEN, _ESCAPED)]
        until = min([place for place in places if place >= 0], default=len(self._source))
        return self._take(until - self._at)

    def _enclosed(self, close: str) -> Node:
        node = self._expression()
        self._space()
        if not self._skip(close):
            raise self._wrong(f"no `{close}` where the expression ends")
        return node

    def _expression(self) -> Node:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise self._wrong("too much within each other")
        node = self._binary(0)
        self._depth -= 1
        return node

    def _binary(self, level: int) -> Node:
        """Operators of one rank, left to right; those of a higher rank bind closer."""
        if level == len(_BINARY):
            return self._unary()
        node = self._binary(level + 1)
        while (sign := self._operator(_BINARY[level])) is not None:
            node = operators.binary(sign, node, self._binary(level + 1))
        return node

    def _operator(self, signs: tuple[str, ...]) -> str | None:
        self._space()
        return next((sign for sign in signs if self._skip(sign)), None)

    def _unary(self) -> Node:
        signs: list[str] = []
        while (sign := self._operator(("+", "-", "!"))) is not None:
            signs.append(sign)
        node = self._selected(self._primary())
        for sign in reversed(signs):
            node = operators.unary(sign, node)
        return node

    def _selected(self, node: Node) -> Node:
        while True:
            self._space()
            if self._skip("."):
                node = operators.select(node, constant(self._ident()))
            elif self._skip("["):
                node = operators.select(node, self._enclosed("]"))
            else:
                return node

    def _primary(self) -> Node:
        self._space()
        if self._skip("("):
            return self._enclosed(")")
        if self._skip("["):
            return operators.array(self._items("]", self._expression))
        if self._skip("{"):
            return operators.mapping(self._items("}", self._pair))
        return self._literal() or self._named()

    def _literal(self) -> Node | None:
        if self._skip('"'):
            return self.template(end='"')
        if self._skip("'"):
            return constant(self._raw_string())
        found = self._match(_NUMBER)
        return constant(float(found[0])) if found else None

    def _named(self) -> Node:
        name = self._ident()
        if name in _LITERALS:
            return constant(_LITERALS[name])
        self._space()
        if self._skip("("):
            return operators.call(name, self._items(")", self._expression))
        return operators.name(name)

    def _items(self, close: str, item: Callable[[], T]) -> list[T]:
        found: list[T] = []
        self._space()
        while not self._skip(close):
            found.append(item())
            self._space()
            if not self._skip(",") and not self._source.startswith(close, self._at):
                raise self._wrong(f"neither `,` nor `{close}`")
            self._space()
        return found

    def _pair(self) -> tuple[Node, Node]:
        """A bare name as a key is that name; what stands in parentheses gives the key."""
        self._space()
        at = self._at
        key = constant(name[0]) if (name := self._match(_IDENT)) else self._primary()
        self._space()
        if not self._skip(":"):
            self._at = at
            raise self._wrong("no key with a `:`")
        return key, self._expression()

    def _ident(self) -> str:
        self._space()
        found = self._match(_IDENT)
        if not found:
            raise self._wrong("nothing that a value begins with")
        return found[0]

    def _raw_string(self) -> str:
        out: list[str] = []
        while not self._skip("'"):
            if self._at >= len(self._source):
                raise self._wrong("a string that does not end")
            if self._source[self._at : self._at + 2] in ("\\\\", "\\'"):
                self._at += 1
            out.append(self._take(1))
        return "".join(out)

    def _escape(self) -> str:
        if self._skip("u"):
            digits = self._match(_FOUR_DIGITS)
            if digits:
                return chr(int(digits[0], 16))
        sign = self._take(1)
        if sign not in _ESCAPES:
            raise self._wrong(f"the unknown escape `\\{sign}`")
        return _ESCAPES[sign]

    def _match(self, pattern: re.Pattern[str]) -> re.Match[str] | None:
        found = pattern.match(self._source, self._at)
        self._at = found.end() if found else self._at
        return found

    def _space(self) -> None:
        self._match(_SPACE)

    def _skip(self, sign: str) -> bool:
        is_there = self._source.startswith(sign, self._at)
        self._at += len(sign) if is_there else 0
        return is_there

    def _take(self, size: int) -> str:
        taken = self._source[self._at : self._at + size]
        self._at += len(taken)
        return taken

    def _wrong(self, what: str) -> MoaError:
        near = self._source[self._at : self._at + 20].split("\n")[0]
        return MoaError(f"there is {what} at {f'`{near}`' if near else 'its end'}")
