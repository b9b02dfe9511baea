"""Two trees differ exactly where `compare` says, and people can read it."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from podlane.core.text.compare import compare, render

LEAVES = st.none() | st.booleans() | st.integers(0, 3) | st.sampled_from(["", "a", "b\nc"])
TREES = st.recursive(
    LEAVES,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["name", "key", "a.b", "x"]), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(TREES, TREES)
def test_says_something_exactly_when_they_differ(old: Any, new: Any) -> None:
    changes = list(compare(old, new))
    assert bool(changes) == (old != new)
    assert all(render(change) for change in changes)
    assert not list(compare(old, old))


@pytest.mark.parametrize(
    ("old", "new", "lines"),
    [
        ({"a": 1}, {"a": 2}, ["~ a: 1 → 2"]),
        ({"a": 1}, {}, ["- a: 1"]),
        ({}, {"a": {"b": "c"}}, ['+ a: {"b": "c"}']),
        ({"a.b/c": 1}, {"a.b/c": 2}, ['~ "a.b/c": 1 → 2']),
        (
            {"spec": {"containers": [{"name": "a", "image": "x"}, {"name": "b"}]}},
            {"spec": {"containers": [{"name": "b"}, {"name": "a", "image": "y"}]}},
            ['~ spec.containers[a].image: "x" → "y"'],
        ),
        ({"a": [1, 2]}, {"a": [1, 2, 3]}, ["~ a: [1, 2] → [1, 2, 3]"]),
        ({"a": [{"x": 1}]}, {"a": [{"x": 2}]}, ["~ a[0].x: 1 → 2"]),
        ({"a": "one\ntwo"}, {"a": "one\n2"}, ["~ a:", "   one", "  -two", "  +2"]),
    ],
)
def test_lines_for_people(old: Any, new: Any, lines: list[str]) -> None:
    assert [line for change in compare(old, new) for line in render(change)] == lines
