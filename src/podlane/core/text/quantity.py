"""Kubernetes quantities (`500m`, `1Gi`, `2`, `1e3`) as exact numbers, to compare them."""

from __future__ import annotations

import re
from fractions import Fraction

_FORM = re.compile(
    r"([+-]?(?:\d+\.?\d*|\.\d+))(?:([eE][+-]?\d{1,3})|(n|u|m|k|M|G|T|P|E|Ki|Mi|Gi|Ti|Pi|Ei))?",
    re.ASCII,
)
_DECIMAL = {"n": -9, "u": -6, "m": -3, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18}
_BINARY = {"Ki": 1, "Mi": 2, "Gi": 3, "Ti": 4, "Pi": 5, "Ei": 6}


def parse_quantity(text: str) -> Fraction:
    """Return the number that `text` stands for; ValueError says what a quantity looks like."""
    match = _FORM.fullmatch(text)
    if match is None or len(text) > 64:
        raise ValueError("a quantity is written like `500m`, `2` or `1Gi`")
    number, exponent, suffix = Fraction(match[1]), match[2], match[3]
    if exponent:
        return number * Fraction(10) ** int(exponent[1:])
    if suffix in _BINARY:
        return number * Fraction(1024) ** _BINARY[suffix]
    return number * Fraction(10) ** _DECIMAL.get(suffix or "", 0)


def parse_bytes(text: str) -> int:
    """The bytes of a memory quantity in a manifest; 0 where there is none."""
    try:
        return int(parse_quantity(text)) if text else 0
    except ValueError:
        return 0
