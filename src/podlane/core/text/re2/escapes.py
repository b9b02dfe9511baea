"""What follows a backslash, in a class and outside: `\\d`, `\\x7f`, `\\pL`, `\\.`."""

from __future__ import annotations

import re

from podlane.core.text.re2 import classes
from podlane.core.text.re2.tree import LAST, Ranges, negated

_UNICODE = re.compile(r"\\([pP])(?:\{([^}]*)\}|(.))", re.DOTALL)
_CODE = re.compile(
    r"\\x(?:\{([0-9A-Fa-f]{1,8})\}|([0-9A-Fa-f]{2}))|\\(0[0-7]{0,2}|[1-7][0-7]{1,2})"
)
_CONTROLS = {"a": 7, "f": 12, "t": 9, "n": 10, "r": 13, "v": 11}


def parse(text: str, at: int) -> tuple[Ranges, int]:
    """The characters that the escape at `at` stands for, and where it ends."""
    letter = text[at + 1 : at + 2]
    if not letter:
        raise ValueError("it ends in a backslash")
    if letter in "dDsSwW":
        return classes.perl(letter), at + 2
    if letter in _CONTROLS:
        return _one(_CONTROLS[letter]), at + 2
    if found := _UNICODE.match(text, at):
        ranges = classes.unicode(found[2] if found[2] is not None else found[3])
        return negated(ranges) if found[1] == "P" else ranges, found.end()
    if found := _CODE.match(text, at):
        code = int(found[3], 8) if found[3] else int(found[1] or found[2], 16)
        if code > LAST:
            raise ValueError(f"`{found[0]}` is no character")
        return _one(code), found.end()
    if letter.isascii() and not letter.isalnum():
        return _one(ord(letter)), at + 2
    raise ValueError(f"`\\{letter}` is not there in RE2")


def _one(code: int) -> Ranges:
    return ((code, code),)
