"""How often the making of objects is tried, and which leftovers are orphans."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from podlane.core.pod.orphan import is_orphan, is_stray
from podlane.core.pod.state import ContainerState, PodState, RecordState
from podlane.core.pod.tries import Tries

QUOTA = 'pods "x" is forbidden: exceeded quota: compute, requested: pods=1'


@pytest.mark.parametrize(
    ("limits", "message", "tries", "waited", "expected"),
    [
        ({}, QUOTA, 99, 179, False),
        ({}, QUOTA, 2, 181, True),
        ({"exceeded quota": 3}, QUOTA, 2, 999, False),
        ({"exceeded quota": 3}, QUOTA, 3, 0, True),
        ({"quota": 2, "exceeded": 4}, QUOTA, 3, 0, False),
        ({"other": 1, "": 1}, QUOTA, 9, 0, False),
    ],
)
def test_is_over(
    limits: dict[str, int], message: str, tries: int, waited: float, expected: bool
) -> None:
    assert Tries(limits).is_over(message, tries, waited) is expected


def test_what_may_pass() -> None:
    assert Tries().may_pass(403, QUOTA)
    assert Tries().may_pass(403, "unable to create: because it is being terminated")
    assert not Tries().may_pass(422, QUOTA)
    assert not Tries().may_pass(403, "denied by policy")
    assert Tries({"by policy": 2}).may_pass(403, "denied by policy")


@pytest.mark.parametrize(
    ("age", "has_job", "is_deleting", "expected"),
    [
        (211, False, False, True),
        (209, False, False, False),
        (999, True, False, False),
        (999, False, True, False),
    ],
)
def test_is_orphan(age: float, has_job: bool, is_deleting: bool, expected: bool) -> None:
    found = RecordState("ci-job-1", "", "u", "r", 1, "1", created_at=1000, is_deleting=is_deleting)
    assert is_orphan(found, has_job=has_job, now=1000 + age, patience=180) is expected


@pytest.mark.parametrize(
    ("phase", "age", "is_deleting", "expected"),
    [
        ("waiting", 211, False, True),
        ("waiting", 209, False, False),
        ("running", 9999, False, False),
        ("terminated", 131, False, True),
        ("terminated", 129, False, False),
        ("terminated", 9999, True, False),
    ],
)
def test_is_stray(phase: Any, age: float, is_deleting: bool, expected: bool) -> None:
    helper = ContainerState("helper", "h", phase)
    found = PodState("p-0", "ci", "u", "", 0, 1000, 1000, is_deleting, containers=(helper,))
    found = replace(found, ended_at=1100 if phase == "terminated" else 0)
    assert is_stray(found, now=1000 + age, patience=180) is expected
