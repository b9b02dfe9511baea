"""Go's `ParseBool`: the words for yes and no that GitLab's runner accepts in variables."""

from __future__ import annotations

_WORDS = {
    **dict.fromkeys(("1", "t", "T", "TRUE", "true", "True"), True),
    **dict.fromkeys(("0", "f", "F", "FALSE", "false", "False"), False),
}


def parse_boolean(text: str) -> bool:
    """Return what `text` says; ValueError for any other word."""
    if text not in _WORDS:
        raise ValueError("neither `true` nor `false`")
    return _WORDS[text]


def format_boolean(value: object) -> str:
    return "true" if value else "false"
