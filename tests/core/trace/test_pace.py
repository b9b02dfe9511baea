"""How long GitLab hears nothing of a job."""

from __future__ import annotations

import pytest

from podlane.core.plan.model import SILENCE
from podlane.core.trace.pace import pause_after, send_after, touch_after

DYNAMIC = 1800.0


@pytest.mark.parametrize(
    ("interval", "silence", "touch", "send"),
    [
        (1, SILENCE, 2, 1),
        (3, SILENCE, 5, 3),
        (3, DYNAMIC, 5, 3),  # somebody looks at the log
        (60, SILENCE, 30, 30),
        (60, DYNAMIC, 240, 60),
        (5, DYNAMIC, 30, 5),
        (900, SILENCE, 30, 30),
        (900, DYNAMIC, 1800, 900),
    ],
)
def test_how_long_gitlab_hears_nothing(
    interval: float, silence: float, touch: float, send: float
) -> None:
    assert touch_after(interval, silence) == touch
    assert send_after(interval, silence) == send


def test_a_pod_that_is_to_end_is_heard_of_at_once() -> None:
    assert send_after(60, SILENCE, is_hurried=True) == 0.5


@pytest.mark.parametrize(
    ("failures", "is_hurried", "pause"),
    [(1, False, 1), (2, False, 2), (5, False, 15), (99_999, False, 15), (9, True, 1)],
)
def test_what_fails_is_asked_less_and_less_often(
    failures: int, is_hurried: bool, pause: float
) -> None:
    assert pause_after(failures, 0.5, is_hurried=is_hurried) == pause
    assert pause_after(failures, 0, is_hurried=is_hurried) == pause * 0.75
    assert pause_after(failures, 1, is_hurried=is_hurried) == pause * 1.25
