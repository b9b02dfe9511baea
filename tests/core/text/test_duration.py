"""Go's durations, read and written."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from podlane.core.text.duration import format_duration, parse_duration


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("0", 0),
        ("60m", 3600),
        ("1h30m", 5400),
        ("1.5h", 5400),
        (".5s", 0.5),
        ("500ms", 0.5),
        ("-10s", -10),
        ("+3s", 3),
        ("2us", 2e-6),
        ("2µs", 2e-6),
        ("7ns", 7e-9),
    ],
)
def test_reads(text: str, seconds: float) -> None:
    assert parse_duration(text) == pytest.approx(seconds)


@pytest.mark.parametrize("text", ["", "5", "5 m", "m", "-", "1h 30m", "1d", "1h30", "٣s", "1hs"])
def test_refuses(text: str) -> None:
    with pytest.raises(ValueError, match="a duration is written like"):
        parse_duration(text)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0s"), (59.9999, "1m0s"), (90, "1m30s"), (3605, "1h0m5s"), (1.5, "1.5s"), (-60, "-1m0s")],
)
def test_writes(seconds: float, text: str) -> None:
    assert format_duration(seconds) == text


@given(st.integers(min_value=-(10**9), max_value=10**9))
def test_what_is_written_reads_back(milliseconds: int) -> None:
    seconds = milliseconds / 1000
    assert parse_duration(format_duration(seconds)) == pytest.approx(seconds, abs=1e-6)
