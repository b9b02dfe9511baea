"""Slots: the lowest free number, and who clashes with whom."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from podlane.core.pod.slots import Claim, choose, parse_claim


@pytest.mark.parametrize(
    ("held", "expected"),
    [
        ([], (0, 0)),
        ([Claim("a", "1", 0, 0)], (1, 1)),
        ([Claim("a", "2", 0, 0)], (1, 0)),
        ([Claim("b", "1", 0, 0)], (0, 0)),
        ([Claim("a", "1", 1, 1)], (0, 0)),
        ([Claim("a", "2", 0, 0), Claim("a", "1", 2, 0)], (1, 1)),
    ],
)
def test_the_lowest_that_are_free(held: list[Claim], expected: tuple[int, int]) -> None:
    claim = choose("a", "1", held)
    assert (claim.slot, claim.project_slot) == expected


@pytest.mark.parametrize(
    ("other", "expected"),
    [
        (Claim("a", "1", 0, 0), True),
        (Claim("a", "2", 0, 5), True),
        (Claim("a", "1", 5, 0), True),
        (Claim("a", "2", 5, 0), False),
        (Claim("b", "1", 0, 0), False),
    ],
)
def test_clashes(other: Claim, expected: bool) -> None:
    assert Claim("a", "1", 0, 0).clashes(other) is expected
    assert other.clashes(Claim("a", "1", 0, 0)) is expected


@given(st.lists(st.tuples(st.sampled_from("ab"), st.sampled_from("12")), max_size=12))
def test_one_after_the_other_never_clash(jobs: list[tuple[str, str]]) -> None:
    held: list[Claim] = []
    for runner, project in jobs:
        held.append(choose(runner, project, held))
    for index, one in enumerate(held):
        assert not any(one.clashes(other) for other in held[index + 1 :])
    assert sorted(one.slot for one in held if one.runner == "a") == list(
        range(sum(one.runner == "a" for one in held))
    )


@pytest.mark.parametrize(
    "labels",
    [{}, {"podlane.dev/slot": "1"}, {"podlane.dev/slot": "x", "podlane.dev/project-slot": "1"}],
)
def test_an_object_without_numbers_holds_none(labels: dict[str, str]) -> None:
    assert parse_claim(labels) is None


def test_what_is_written_is_read() -> None:
    labels = {
        "podlane.dev/slot": "12",
        "podlane.dev/project-slot": "3",
        "podlane.dev/runner": "a",
        "podlane.dev/project-id": "42",
    }
    assert parse_claim(labels) == Claim("a", "42", 12, 3)
