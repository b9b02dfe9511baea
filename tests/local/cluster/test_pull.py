"""Image names: which are valid, and how trouble with them is worded."""

from __future__ import annotations

import pytest

from podlane.local.cluster import pull
from podlane.local.cluster.faults import PullFails

NAMES = [
    ("x", True),
    ("busybox", True),
    ("busybox:1.36", True),
    ("host.example:5000/a/b_c/d-e:Tag_1", True),
    ("localhost/a@sha256:" + "0" * 64, True),
    ("a__b/c--d", True),
    ("", False),
    ("bad image", False),
    ("a//b", False),
    ("a/", False),
    ("Upper", False),
    ("$CI_IMAGE", False),
    ("a:", False),
    ("a@sha256:12", False),
]


@pytest.mark.parametrize(("image", "valid"), NAMES)
def test_names(image: str, valid: bool) -> None:
    assert pull.is_valid(image) is valid


def test_a_short_name_is_told_in_full() -> None:
    message = pull.trouble("busybox", PullFails(why="not-found"))
    assert message.endswith("/library/busybox:latest: not found")
