"""Regular expressions as GitLab understands them (RE2), for Python's `re`."""

from __future__ import annotations

import re

_POSIX = {
    "alnum": "0-9A-Za-z", "alpha": "A-Za-z", "blank": r"\t ", "digit": "0-9", "lower": "a-z",
    "punct": r"!-/:-@\[-`{-~", "space": r"\t\n\v\f\r ", "upper": "A-Z", "word": r"0-9A-Za-z_",
    "xdigit": "0-9A-Fa-f", "ascii": r"\x00-\x7F", "cntrl": r"\x00-\x1F\x7F", "print": " -~",
    "graph": "!-~",
}  # fmt: skip
_PIECE = re.compile(r"\\.|\[\^?\]?(?:\[:\w+:\]|\\.|[^\]\\])*\]|\(\?<?[=!]|\(\?<|\$|.", re.DOTALL)
_CLASS = re.compile(r"\[:(\w+):\]|\\.|\[", re.DOTALL)
_LITERAL = re.compile(r"/(.+)/([ismU]*)", re.DOTALL)
_FLAGS = {"i": re.IGNORECASE, "m": re.MULTILINE, "s": re.DOTALL}


class BadPattern(Exception):
    """The pattern cannot be used; the text says why."""


def parse_literal(text: str) -> re.Pattern[str] | None:
    """Compile `/pattern/flags`; None when the text has not that form."""
    found = _LITERAL.fullmatch(text)
    return compile_pattern(found.group(1), found.group(2)) if found else None


def compile_pattern(pattern: str, flags: str = "") -> re.Pattern[str]:
    bits = re.ASCII
    for sign in flags:
        bits |= _FLAGS.get(sign, re.NOFLAG)
    translated = "".join(_piece(found, flags) for found in _PIECE.finditer(pattern))
    try:
        return re.compile(translated, bits)
    except re.error as error:
        raise BadPattern(f"`/{pattern}/` is no valid pattern: {error}") from error


def _piece(found: re.Match[str], flags: str) -> str:
    text = found.group()
    if text in ("(?=", "(?!", "(?<=", "(?<!"):
        raise BadPattern(f"`{text}` is not there in GitLab's patterns (RE2 does not look around)")
    if text[0] == "[" and len(text) > 1:
        return "[" + _CLASS.sub(_member, text[1:])
    end = "$" if "m" in flags else r"\Z"
    return {"$": end, r"\z": r"\Z", r"\/": "/", "(?<": "(?P<"}.get(text, text)


def _member(found: re.Match[str]) -> str:
    """A piece of a bracket expression; a lone `[` means itself."""
    if found.group(1):
        return _POSIX.get(found.group(1), found.group())
    return {"[": r"\[", r"\/": "/"}.get(found.group(), found.group())
