"""A text that must never be seen: it prints as `***` wherever it is printed by accident."""

from __future__ import annotations

from typing import Any, TypeVar

import msgspec

T = TypeVar("T")


class Token:
    """Holds a secret text. `reveal()` is the one way to the text."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        return self._text

    def __repr__(self) -> str:
        return "***"

    __str__ = __repr__

    def __format__(self, spec: str) -> str:
        return "***"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Token) and other._text == self._text

    def __hash__(self) -> int:
        return hash(self._text)

    def __bool__(self) -> bool:
        return bool(self._text)


def _reveal(value: Any) -> Any:
    if isinstance(value, Token):
        return value.reveal()
    raise NotImplementedError(type(value).__name__)


def _conceal(value: Any) -> Any:
    if isinstance(value, Token):
        return "***"
    raise NotImplementedError(type(value).__name__)


def _hold(kind: type, value: Any) -> Any:
    if kind is Token and isinstance(value, Token):
        return value
    if kind is Token and isinstance(value, str):
        return Token(value)
    if kind is Token:
        raise TypeError(f"Expected `str`, got `{type(value).__name__}`")
    raise NotImplementedError(kind.__name__)


def encode_revealed(value: Any) -> bytes:
    """Encode to JSON for a reader that needs the secrets: the plan for the helper, a request."""
    return msgspec.json.encode(value, enc_hook=_reveal)


def encode_concealed(value: Any) -> bytes:
    """Encode to JSON for people's eyes: every token is `***`."""
    return msgspec.json.encode(value, enc_hook=_conceal)


def decode(data: bytes | str, kind: type[T]) -> T:
    """Decode JSON into `kind`, whose Token fields are JSON strings."""
    return msgspec.json.decode(data, type=kind, dec_hook=_hold)


def convert(value: Any, kind: type[T]) -> T:
    """Turn plain values (from TOML, or JSON already decoded) into `kind`."""
    return msgspec.convert(value, kind, dec_hook=_hold)


_SHORT_PREFIXES = ("glrt-", "glrtr-", "glcbt-")


def short_token(token: Token) -> str:
    """Nine characters that name a runner token in logs and labels, as GitLab's own pages do."""
    text = token.reveal()
    for prefix in _SHORT_PREFIXES:
        text = text.removeprefix(prefix)
    if len(text) > 3 and text[0] == "t" and text[1].isdigit() and text[2] == "_":
        text = text[3:]
    if text.startswith("GR") and text[2:9].isdigit():
        text = text[9:]
    return text[:9]
