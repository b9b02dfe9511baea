"""The one way from data to shell text: POSIX single quotes."""

from __future__ import annotations


def quote(text: str) -> str:
    """Quote `text` as one word for any POSIX shell. NUL bytes cannot be said and are left out."""
    return "'" + text.replace("\0", "").replace("'", "'\\''") + "'"
