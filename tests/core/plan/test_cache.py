"""A cache key becomes a path that stays where it belongs."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from podlane.core.plan.cache import sanitised


@pytest.mark.parametrize(
    ("key", "path"),
    [
        ("plain", "plain"),
        ("job/main", "job/main"),
        ("a//b/./c/", "a/b/c"),
        ("../../etc", "etc"),
        ("a/../../b", "b"),
        ("..%2f..%2Fetc", "etc"),
        ("%2e%2e/%2E./x", "x"),
        ("a\\b", "a/b"),
        ("key  ", "key"),
        ("key/ \t\n", "key"),
        ("..", ""),
        ("/", ""),
        (" ", ""),
        ("", ""),
        ("with space/in it", "with space/in it"),
    ],
)
def test_table(key: str, path: str) -> None:
    assert sanitised(key) == path


@given(st.text(alphabet=st.sampled_from("ab./\\% 2eEfF\n"), max_size=40))
def test_no_key_leaves_its_folder(key: str) -> None:
    path = sanitised(key)
    assert not path.startswith("/")
    assert ".." not in path.split("/")
    assert sanitised(path) == path or "%" in path
