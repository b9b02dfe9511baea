"""What the hours of a week ask for: pause pods, and how long a job may have waited at GitLab.

A few moments stand for the week, so that a config's policies can be shown and compared as what
comes of them. The machine's own zone counts as UTC here.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from podlane.core.config.autoscaler import Autoscaler, Wanted, wanted
from podlane.core.config.monitoring import Monitoring, waited_too_long
from podlane.core.config.periods import LOCAL

_MOMENTS = {
    "Sunday 03:00": datetime(2026, 1, 4, 3, tzinfo=UTC),
    "Wednesday 12:00": datetime(2026, 1, 7, 12, tzinfo=UTC),
    "Wednesday 18:30": datetime(2026, 1, 7, 18, 30, tzinfo=UTC),
    "Wednesday 19:30": datetime(2026, 1, 7, 19, 30, tzinfo=UTC),
}
_JOBS = (0, 8, 100)
_WAITS = (1, 30, 60, 120, 300, 600, 1800, 3600, 7200)
_RUNNING = ("0", "3", "50", "+Inf")


def pause_pods(settings: Autoscaler) -> dict[str, Wanted]:
    """How many there are to be, by the moment and the jobs that live; none without a policy."""
    if not settings.policy:
        return {}
    return {
        f"{moment}, {jobs} jobs": wanted(settings, jobs, _reading_at(now))
        for moment, now in _MOMENTS.items()
        for jobs in _JOBS
    }


def long_waits(monitoring: Monitoring) -> dict[str, int | None]:
    """From how many seconds on a wait counts as too long, by the moment and how many jobs of the
    project run; None: never. Nothing where no entry is there."""
    if not monitoring.job_queuing_durations:
        return {}
    return {
        f"{moment}, {running} running": next(
            (
                seconds
                for seconds in _WAITS
                if waited_too_long(monitoring, seconds + 0.5, running, _reading_at(now))
            ),
            None,
        )
        for moment, now in _MOMENTS.items()
        for running in _RUNNING
    }


def _reading_at(now: datetime) -> Callable[[str], datetime]:
    return lambda zone: now if zone in ("", LOCAL) else now.astimezone(ZoneInfo(zone))
