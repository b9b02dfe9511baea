"""Which moments a period in cron's form covers."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from podlane.core.text.cron import matches, parse_cron

MONDAY = datetime(2026, 3, 2, 9, 30, 17)  # noqa: DTZ001 - a clock's reading has no zone


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)


@pytest.mark.parametrize(
    ("period", "moment", "covered"),
    [
        ("* * * * *", "2026-03-02T09:30:17", True),
        ("* 8-17 * * mon-fri", "2026-03-02T09:30", True),
        ("* 8-17 * * mon-fri", "2026-03-02T18:00", False),
        ("* 8-17 * * mon-fri", "2026-03-01T09:30", False),
        ("*/15 * * * *", "2026-03-02T09:30", True),
        ("*/15 * * * *", "2026-03-02T09:31", False),
        ("5/20 * * * *", "2026-03-02T09:25", True),
        ("5/20 * * * *", "2026-03-02T09:20", False),
        ("0-29,45 * * * *", "2026-03-02T09:45", True),
        ("0-29,45 * * * *", "2026-03-02T09:44", False),
        ("* * * * 0", "2026-03-01T00:00", True),
        ("* * * * 7", "2026-03-01T00:00", True),
        ("* * * * sat-sun", "2026-03-01T00:00", True),
        ("* * * * Sat-Sun", "2026-02-28T00:00", True),
        ("* * * * sat-sun", "2026-03-02T00:00", False),
        ("* * * * monday", "2026-03-02T00:00", True),
        ("* * * mar,Jul *", "2026-03-02T00:00", True),
        ("* * * apr *", "2026-03-02T00:00", False),
        ("* * 31 * fri", "2026-03-06T00:00", True),  # either of the two days
        ("* * 31 * fri", "2026-03-31T00:00", True),
        ("* * 31 * fri", "2026-03-05T00:00", False),
        ("* * ? * mon", "2026-03-02T00:00", True),
        ("* * * * * 2026", "2026-03-02T00:00", True),
        ("* * * * * 2027", "2026-03-02T00:00", False),
        ("0-9 * 9-17 * * mon-fri *", "2026-03-02T09:30:05", True),
        ("0-9 * 9-17 * * mon-fri *", "2026-03-02T09:30:15", False),
        ("* * 9-17 * * mon-fri *", "2026-03-02T09:30:15", True),
    ],
)
def test_a_period_covers(period: str, moment: str, covered: bool) -> None:
    assert matches(parse_cron(period), at(moment)) is covered


@pytest.mark.parametrize(
    ("period", "words"),
    [
        ("", "five fields"),
        ("* * * *", "five fields"),
        ("* * * * * * * *", "five fields"),
        ("60 * * * *", "minute must be 0 to 59, and is `60`"),
        ("* 24 * * *", "hour must be 0 to 23"),
        ("* * 0 * *", "day of the month must be 1 to 31"),
        ("* * * 13 *", "month must be 1 to 12, or a name"),
        ("* * * * 8", "day of the week must be 0 to 7, or a name"),
        ("* * * * funday", "day of the week"),
        ("17-8 * * * *", "minute runs backwards: `17-8`"),
        ("*/0 * * * *", "minute is not to be read: `*/0`"),
        ("*-5 * * * *", "minute is not to be read"),
        ("1,, * * * *", "minute is not to be read"),
        ("* * L * *", "day of the month"),
        ("@daily", "five fields"),
        ("-1 * * * *", "minute is not to be read"),
        ("² * * * *", "minute is not to be read"),
    ],
)
def test_what_is_no_period_is_refused_with_the_field(period: str, words: str) -> None:
    with pytest.raises(ValueError, match=re.escape(words)):
        parse_cron(period)


MOMENTS = st.datetimes(at("1970-01-01T00:00"), at("2099-12-31T23:59:59"))


@given(MOMENTS)
def test_a_moment_written_out_is_covered_and_the_next_minute_is_not(moment: datetime) -> None:
    cron = parse_cron(f"{moment.minute} {moment.hour} {moment.day} {moment.month} *")
    assert matches(cron, moment)
    assert not matches(cron, moment + timedelta(minutes=1))


@given(st.integers(0, 59), st.integers(0, 59), st.integers(1, 70), MOMENTS)
def test_a_range_with_a_step_is_pythons(a: int, b: int, step: int, moment: datetime) -> None:
    first, last = min(a, b), max(a, b)
    cron = parse_cron(f"{first}-{last}/{step} * * * *")
    assert matches(cron, moment) == (moment.minute in range(first, last + 1, step))


@given(st.text(max_size=30))
def test_any_text_is_a_period_or_a_value_error(text: str) -> None:
    try:
        cron = parse_cron(text)
    except ValueError:
        return
    assert matches(cron, MONDAY) in (True, False)


@given(st.lists(st.integers(0, 6), min_size=1), MOMENTS)
def test_days_of_the_week_count_from_sunday(days: list[int], moment: datetime) -> None:
    cron = parse_cron(f"* * * * {','.join(map(str, days))}")
    assert matches(cron, moment) == (moment.isoweekday() % 7 in days)
