"""Named sets of characters: `\\d`, `[:alpha:]`, `\\pL`."""

from __future__ import annotations

import unicodedata
from functools import lru_cache

from podlane.core.text.re2.tree import LAST, Ranges, negated

_POSIX = {
    "alnum": "09AZaz",
    "alpha": "AZaz",
    "ascii": "\x00\x7f",
    "blank": "\t\t  ",
    "cntrl": "\x00\x1f\x7f\x7f",
    "digit": "09",
    "graph": "!~",
    "lower": "az",
    "print": " ~",
    "punct": "!/:@[`{~",
    "space": "\t\r  ",
    "upper": "AZ",
    "word": "09AZaz__",
    "xdigit": "09AFaf",
}
_PERL = {"d": "09", "s": "\t\n\f\r  ", "w": "09AZaz__"}
_CATEGORIES = [
    *("Lu", "Ll", "Lt", "Lm", "Lo", "Mn", "Mc", "Me", "Nd", "Nl", "No", "Pc", "Pd", "Ps", "Pe"),
    *("Pi", "Pf", "Po", "Sm", "Sc", "Sk", "So", "Zs", "Zl", "Zp", "Cc", "Cf", "Co", "Cs"),
]


def _ranges(pairs: str) -> Ranges:
    return tuple((ord(pairs[at]), ord(pairs[at + 1])) for at in range(0, len(pairs), 2))


def perl(letter: str) -> Ranges:
    """`d`, `s`, `w` or, in upper case, all but those."""
    found = _ranges(_PERL[letter.lower()])
    return negated(found) if letter.isupper() else found


def posix(name: str) -> Ranges:
    """What stands in `[: :]`; ValueError when it is no such name."""
    bare = name.removeprefix("^")
    if bare not in _POSIX:
        raise ValueError(f"there is no class `[:{name[:40]}:]`")
    found = _ranges(_POSIX[bare])
    return negated(found) if bare != name else found


def unicode(name: str) -> Ranges:
    """A general category such as `L` or `Lu`; ValueError for what is none."""
    bare = name.removeprefix("^")
    known = [one for one in _CATEGORIES if bare and one.startswith(bare)]
    if bare == "Any":
        found: Ranges = ((0, LAST),)
    elif known:
        found = _of_categories(tuple(known))
    else:
        raise ValueError(
            f"`\\p{{{bare[:40]}}}` is not known here: of Unicode's classes there are the general "
            "categories, such as `\\pL`"
        )
    return negated(found) if bare != name else found


@lru_cache(maxsize=32)
def _of_categories(wanted: tuple[str, ...]) -> Ranges:
    found: list[tuple[int, int]] = []
    for code in range(LAST + 1):
        if unicodedata.category(chr(code)) in wanted:
            if found and found[-1][1] == code - 1:
                found[-1] = (found[-1][0], code)
            else:
                found.append((code, code))
    return tuple(found)
