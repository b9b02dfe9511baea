"""How long GitLab hears nothing of a job."""

from __future__ import annotations

import pytest

from podlane.core.plan.model import SILENCE
from podlane.core.trace.pace import send_after, touch_after

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
