"""The only ways from data to shell text, one for each kind of shell."""

from __future__ import annotations

# PowerShell's parser takes these for a single quote as well
_PWSH_QUOTES = "'\u2018\u2019\u201a\u201b"
_DOUBLED = str.maketrans({sign: sign * 2 for sign in _PWSH_QUOTES} | {"\0": ""})


def quote(text: str) -> str:
    """Quote `text` as one word for any POSIX shell. NUL bytes cannot be said and are left out."""
    return "'" + text.replace("\0", "").replace("'", "'\\''") + "'"


def quote_pwsh(text: str) -> str:
    """Quote `text` as one string for PowerShell. NUL bytes are left out: no process takes them."""
    return f"'{text.translate(_DOUBLED)}'"
