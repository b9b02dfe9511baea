"""A record whose pod another manager is making: it has its time, whatever the clocks show."""

from __future__ import annotations

from podlane.core.pod.state import RecordState
from podlane.core.pod.verdict import Entry, Make, Patience, Wait, judge


def test_another_managers_launch_has_its_time_by_our_own_clock() -> None:
    patience, now = Patience(launch=20), 5000.0
    for created_at in (now - 900, now - 1, now - 60):  # by a clock that may be wrong
        made = RecordState("r", "ci", "u", "a", 1, "42", created_at)
        assert judge(Entry(made, seen_at=now - 19), now, patience) == Wait(
            max(1, 3 + created_at - now)
        )
        if created_at < now - 3:
            assert judge(Entry(made, seen_at=now - 20), now, patience) == Make(0)
