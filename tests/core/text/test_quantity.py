"""Quantities are compared as Kubernetes means them."""

from __future__ import annotations

from fractions import Fraction

import pytest

from podlane.core.text.quantity import parse_quantity


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("1", 1),
        ("0", 0),
        ("500m", Fraction(1, 2)),
        ("1.5", Fraction(3, 2)),
        (".5", Fraction(1, 2)),
        ("2k", 2000),
        ("1Ki", 1024),
        ("1Gi", 2**30),
        ("1G", 10**9),
        ("1e3", 1000),
        ("1E3", 1000),
        ("1E", 10**18),
        ("100n", Fraction(1, 10**7)),
        ("-1", -1),
    ],
)
def test_number(text: str, number: int | Fraction) -> None:
    assert parse_quantity(text) == number


@pytest.mark.parametrize("text", ["", "1 Gi", "Gi", "1gi", "1K", "one", "1e9999", "٣", "1" * 99])
def test_no_number(text: str) -> None:
    with pytest.raises(ValueError, match="a quantity is written like"):
        parse_quantity(text)


def test_the_same_amount_in_two_ways() -> None:
    assert parse_quantity("2Gi") == parse_quantity("2048Mi") > parse_quantity("2G")
