"""Patterns as Go reads them: what matches, what is refused, and that no text takes long."""

from __future__ import annotations

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from podlane.core.text.re2.match import compiled
from podlane.core.text.re2.words import words

MATCHES = [
    ("ci-.*", "my-ci-one"),
    ("", "anything"),
    (r"^a\z", "a"),
    (r"\Aa$", "a"),
    ("(?i)^TEAM$", "team"),
    ("^(?i:a)b$", "Ab"),
    ("(?s)^a.b$", "a\nb"),
    ("(?m)^b$", "a\nb\nc"),
    ("[[:alpha:]]+$", "12a"),
    ("^[[:^digit:]]$", "a"),
    ("^[^a]$", "b"),
    (r"^[\]a-]+$", "-]a"),
    (r"^[\w.]+$", "a_1.b"),
    ("^a{2,3}$", "aaa"),
    ("^a{2,}$", "aaaa"),
    ("^a{,2}$", "a{,2}"),
    ("^x*?y+?z??$", "yyz"),
    (r"\bfoo\b", "a foo b"),
    (r"\Qa.b\E+$", "a.bbb"),
    ("(?P<name>a)|b", "b"),
    (r"^\pL\p{Nd}\PL$", "é1-"),
    (r"^\x41\x{1F600}\101$", "A\U0001f600A"),
    ("^(a|aa)*$", ""),
    ("^(|a)+$", "aaa"),
]
DOES_NOT = [
    ("^a$", "a\n"),  # `$` is the end, and nothing after it
    ("^a$", "b\na"),
    (r"^\d$", "\N{ARABIC-INDIC DIGIT ONE}"),
    (r"^\w$", "é"),
    ("^a.b$", "a\nb"),
    ("^[^[:space:]]$", " "),
    ("^a{2,3}$", "aaaa"),
    (r"\Bfoo", "a foo"),
    ("(?i)(?-i)^A$", "a"),
    (r"\Qa.b\E", "axb"),
]
REFUSED = [
    "(?=a)", "(?<!a)", "(a", "a)", "a**", "a{2}{3}", "*a", r"\1", r"\Z", "[a", "[]", "[z-a]",
    r"[\d-z]", "a{1001}", "a{3,2}", "((a{1000}){1000})", r"\p{Greek}", "[[:foo:]]", "a\\", r"\y",
    "(" * 100,
]  # fmt: skip


@pytest.mark.parametrize(("pattern", "text"), MATCHES)
def test_matches(pattern: str, text: str) -> None:
    assert compiled(pattern).matches(text)


@pytest.mark.parametrize(("pattern", "text"), DOES_NOT)
def test_does_not_match(pattern: str, text: str) -> None:
    assert not compiled(pattern).matches(text)


@pytest.mark.parametrize("pattern", REFUSED)
def test_is_refused_in_words(pattern: str) -> None:
    with pytest.raises(ValueError, match=r"\w+ \w+"):
        compiled(pattern)


_ATOMS = st.sampled_from(["a", "b", "[ab]", "[^a]", ".", "(?:ab|b)", "(?:a|)", "^", "$"])
_PIECES = st.tuples(_ATOMS, st.sampled_from(["", "*", "+", "?", "{1,2}"])).map("".join)
_PATTERNS = st.lists(_PIECES, max_size=4).map("".join)
_UNREPEATED = re.compile(r"[\^$][*+?{]")


@given(st.lists(_PATTERNS, min_size=1, max_size=2).map("|".join), st.text("abc", max_size=6))
def test_agrees_with_another_engine(pattern: str, text: str) -> None:
    if not _UNREPEATED.search(pattern):
        assert compiled(pattern).matches(text) is bool(re.search(pattern, text))


@given(st.text(r"ab01()[]{}*+?|^$\\-:dpQE<>Pi,=! ", max_size=24), st.text(max_size=8))
def test_any_text_is_a_pattern_or_refused(pattern: str, text: str) -> None:
    try:
        program = compiled(pattern)
        found = words(pattern)
    except ValueError:
        return
    program.matches(text)
    for word in found or ():
        assert program.matches(word)


def test_no_text_takes_long() -> None:
    started = time.process_time()
    assert not compiled("^(a|aa|a*)+$").matches("a" * 252 + "b")
    assert not compiled("^(((){1000}){1000}){1000}x").matches("a" * 253)
    assert words("^((a?){0,100}){0,100}$") is None
    assert time.process_time() - started < 2


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("^(a|b)$", {"a", "b"}),
        ("^ci-[1-3]$", {"ci-1", "ci-2", "ci-3"}),
        ("^team(-x)?$", {"team", "team-x"}),
        ("^a$|^b$", {"a", "b"}),
        (r"(?:\Aa{1,2}\z)", {"a", "aa"}),
        ("(?i)^ab$", {"ab", "Ab", "aB", "AB"}),
        ("^$", {""}),
        ("^a|b$", None),
        ("ci", None),
        ("^ci-.*$", None),
        ("^ci-[a-z]{3}$", None),
        (r"^a\b$", None),
        ("(?m)^a$", None),
    ],
)
def test_words(pattern: str, expected: set[str] | None) -> None:
    assert words(pattern) == expected
