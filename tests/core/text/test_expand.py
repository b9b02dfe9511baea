"""Expansion does what Go's os.Expand does, and no input costs more than its length."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from podlane.core.text.expand import expand

KNOWN = {"A": "one", "AB": "two", "A_1": "three", "a-b": "four", "$": "$", "1": ""}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ""),
        ("plain", "plain"),
        ("$A", "one"),
        ("${A}", "one"),
        ("$AB$A", "twoone"),
        ("${A}B", "oneB"),
        ("$A_1.$A-", "three.one-"),
        ("${a-b}", "four"),
        ("$a-b", "-b"),
        ("$UNKNOWN|", "|"),
        ("$$A", "$A"),
        ("$$$$", "$$"),
        ("${$}", "$"),
        ("$1A", "A"),
        ("$ A $", "$ A $"),
        ("end$", "end$"),
        ("${}x", "x"),
        ("${A", "A"),
        ("${", ""),
        ("${A:-b}", ""),
        ("$é", "$é"),
        ("$-$@", ""),
    ],
)
def test_table(text: str, expected: str) -> None:
    assert expand(text, lambda name: KNOWN.get(name, "")) == expected


@given(st.text(alphabet="ab$", max_size=30))
def test_doubled_dollars_come_out_single(text: str) -> None:
    assert expand(text.replace("$", "$$"), lambda name: "$" if name == "$" else "?") == text


@given(st.text(max_size=60))
def test_values_are_never_expanded_again(text: str) -> None:
    assert expand(text, lambda _: "$A").count("one") == text.count("one")


@given(st.text(max_size=40), st.text(max_size=40))
def test_text_without_dollar_is_left_alone(one: str, other: str) -> None:
    plain = (one + other).replace("$", "")
    assert expand(plain, lambda _: "?") == plain


def test_hostile_text_costs_no_more_than_its_length() -> None:
    started = time.process_time()
    expand("${" * 200_000, lambda _: "")
    expand("$" * 400_000 + "}", lambda _: "")
    assert time.process_time() - started < 2
