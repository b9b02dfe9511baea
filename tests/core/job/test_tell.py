"""What is told goes through an annotation and comes back, at most with its tails cut."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from podlane.core.job.tell import TAIL_LIMIT, ServiceEnd, Told, encode_told, parse_told

_ANNOTATIONS = 256 * 1024  # bytes that Kubernetes allows all annotations of an object
_TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=3000)
_END = st.builds(
    ServiceEnd, st.text("abc-0", max_size=63), st.integers(-1, 255), st.just("Error"), _TEXT
)


@given(st.builds(Told, _TEXT, st.lists(_END, max_size=40).map(tuple), waits=_TEXT))
def test_only_the_ends_of_long_tails_are_kept(told: Told) -> None:
    text = encode_told(told)
    assert len(text.encode()) < _ANNOTATIONS
    read = parse_told(text)
    assert read.defer == told.defer[:TAIL_LIMIT]
    assert read.waits == told.waits[:TAIL_LIMIT]
    for sent, got in zip(told.services, read.services, strict=True):
        assert (got.name, got.exit_code, got.reason) == (sent.name, sent.exit_code, sent.reason)
        assert sent.tail.endswith(got.tail)
        assert got.tail == sent.tail or len(told.services) > 7 or len(got.tail) == TAIL_LIMIT


def test_a_thousand_services_fit() -> None:
    ends = tuple(ServiceEnd(f"svc-{n}", 1, "Error", "\x1b" * 4096) for n in range(1000))
    text = encode_told(Told("", ends))
    assert len(text.encode()) < _ANNOTATIONS
    assert len(parse_told(text).services) == 1000


@pytest.mark.parametrize("text", ["", "defer: x", "null", "[]", '{"services": 1}', "{", "\0"])
def test_whatever_is_not_ours_says_nothing(text: str) -> None:
    assert parse_told(text) == Told()
