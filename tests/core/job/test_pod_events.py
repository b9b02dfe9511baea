"""Events on their way to a job's log."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from podlane.core.job.pod_events import SIZE_LIMIT, Page, PodEvent, encode_page, parse_page, rows

EVENTS = st.lists(
    st.builds(PodEvent, st.sampled_from(["Normal", "Warning"]), st.text(max_size=20), st.text()),
    max_size=20,
)


@given(events=EVENTS, is_last=st.booleans())
def test_a_page_is_read_back(events: list[PodEvent], *, is_last: bool) -> None:
    page = Page(tuple(events), is_last)
    assert parse_page(encode_page(page)) == page


def test_of_too_many_the_newest_are_kept() -> None:
    events = tuple(PodEvent("Normal", f"R{number}", "ü" * 5000) for number in range(100))
    text = encode_page(Page(events, is_last=True))
    assert len(text.encode()) < SIZE_LIMIT + 100
    kept = parse_page(text)
    assert kept.is_last
    assert kept.events[-1].reason == "R99"
    assert 10 < len(kept.events) < 100


def test_what_is_not_ours_says_nothing() -> None:
    assert parse_page("") == parse_page("[1]") == parse_page('{"events": 7}') == Page()


def test_one_line_an_event() -> None:
    events = (PodEvent("Normal", "Pulled", "Image\nis there"), PodEvent("Warning", "Failed", "no"))
    assert rows(events, with_title=True) == (
        "Events of the pod:",
        "  Normal   Pulled               Image is there",
        "  Warning  Failed               no",
    )
    assert rows((), with_title=True) == ()
