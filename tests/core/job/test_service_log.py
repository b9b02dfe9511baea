"""Pages of what services print: nothing twice, and a gap shows."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from podlane.core.job.service_log import LINE_LIMIT, LogLine, encode_page, read_page


def lines(service: str, *numbers: int) -> list[LogLine]:
    return [LogLine(service, number, f"{service} {number}") for number in numbers]


def test_what_was_seen_is_not_read_again() -> None:
    page = encode_page([*lines("db", 3, 4, 5), *lines("web", 0)])
    assert read_page(page, {"db": 5}) == [*lines("db", 5), *lines("web", 0)]
    assert read_page(page, {"db": 6, "web": 1}) == []


def test_a_gap_shows() -> None:
    assert read_page(encode_page(lines("db", 9)), {"db": 4})[0].number == 9


def test_a_line_is_cut() -> None:
    page = encode_page([LogLine("db", 0, "x" * (LINE_LIMIT + 10))])
    assert len(read_page(page, {})[0].text) == LINE_LIMIT


@given(st.one_of(st.text(), st.sampled_from(["", "{}", "[]", '{"a": [0]}', '{"a": [0, [1]]}'])))
def test_what_is_no_page_says_nothing(text: str) -> None:
    assert read_page(text, {}) == []


@given(st.lists(st.text(max_size=20), max_size=20), st.integers(0, 25))
def test_pages_carry_any_text(texts: list[str], seen: int) -> None:
    page = encode_page(LogLine("s", number, text) for number, text in enumerate(texts))
    assert [line.text for line in read_page(page, {"s": seen})] == texts[seen:]
