"""A text as the value of an HTTP header."""

from __future__ import annotations

from urllib.parse import quote

_PLAIN = " !#$&'()*+,/:;=?@[]{}|^`<>\"\\-_.~"


def header_text(text: str, most: int = 1024) -> str:
    """Keep plain signs, write others percent-encoded, runs of blanks as one, and not too much."""
    return quote(" ".join(text.split()), safe=_PLAIN)[:most].strip()
