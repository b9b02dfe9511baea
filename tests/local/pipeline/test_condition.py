"""`rules:if`: what is true of which variables, and what is no condition."""

from __future__ import annotations

import pytest

from podlane.local.pipeline.condition import BadCondition, holds, parse_condition

VARIABLES = {
    "A": "one", "B": "two", "EMPTY": "", "BRANCH": "feature/x-1", "PATTERN": "/^feat/",
    "TRICK": "main", "NO_PATTERN": "feat", "TRUE": "true",
}  # fmt: skip
ROWS = [
    ("$A", True),
    ("$EMPTY", False),
    ("$NONE", False),
    ('$A == "one"', True),
    ("$A == 'two'", False),
    ('"one" == $A', True),
    ("$A != 'two'", True),
    ("$NONE == null", True),
    ("$EMPTY == null", False),
    ('$EMPTY == ""', True),
    ('$NONE == ""', False),
    ("$NONE == $ALSO_NONE", True),
    ("$A == $B", False),
    ("$A && $NONE", False),
    ("$NONE || $A", True),
    ("$A || $NONE && $NONE", True),
    ("($A || $NONE) && $NONE", False),
    ("$BRANCH =~ /^feature/", True),
    (r"$BRANCH =~ /^feature\/x-\d$/", True),
    ("$BRANCH =~ /^FEATURE/", False),
    ("$BRANCH =~ /^FEATURE/i", True),
    ("$BRANCH !~ /^fix/", True),
    ("$BRANCH =~ $PATTERN", True),
    ("$BRANCH =~ $NONE", False),
    ("$BRANCH !~ $NONE", True),
    ("$BRANCH =~ $NO_PATTERN", False),
    ("$BRANCH !~ $NO_PATTERN", False),
    ("$NONE =~ /^$/", True),
    ("$NONE =~ /./", False),
    ("$TRICK =~ /^main$/", True),
    ("$A =~ /[[:digit:]]/", False),
    ("$A =~ /^[a$[:alpha:]]+$/", True),
    ("$BRANCH =~ /[\\/x]/", True),
    ("$A =~ /^[[]?one$/", True),
    ("$A =~ /^(?<first>o)/", True),
    ("true", True),
    ("$A == 'one' &&\n $B == 'two'", True),
    ("$TRUE == 'true'", True),
]


@pytest.mark.parametrize(("text", "expected"), ROWS)
def test_holds(text: str, expected: bool) -> None:
    assert holds(parse_condition(text), VARIABLES) is expected


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("", "empty"),
        ("${A} == 'x'", "without braces"),
        ("$A == ", "ends"),
        ("$A = 'x'", "= 'x'"),
        ("($A", "missing"),
        ("$A $B", "$B"),
        ("$A =~ 'x'", "pattern"),
        ("$A =~ /(?=x)/", "look"),
        ("$A =~ /(/", "no valid pattern"),
        ("$A == 'x", "'x"),
        (" && ".join(["$A"] * 60), "100 parts"),
    ],
)
def test_is_refused(text: str, word: str) -> None:
    with pytest.raises(BadCondition, match=word.replace("$", r"\$")):
        parse_condition(text)
