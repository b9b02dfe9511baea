"""`[[runners.monitoring.job_queuing_durations]]`: how long jobs may wait before a metric counts it.

Of several entries whose periods cover the moment the last one counts.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import datetime

import msgspec

from podlane.core.config import durations, periods
from podlane.core.text.duration import parse_duration

ReadingIn = Callable[[str], datetime]


class JobQueuingDuration(msgspec.Struct, frozen=True):
    """One entry. `threshold` is a Go duration; `jobs_running_for_project` a regular expression."""

    periods: tuple[str, ...] = ()  # cron; none: always
    timezone: str = ""  # of the periods; empty: the manager's own
    threshold: str = ""
    jobs_running_for_project: str = ""  # searched in the count GitLab sends: `3`, `5+`, `+Inf`


class Monitoring(msgspec.Struct, frozen=True):
    """`[runners.monitoring]`."""

    job_queuing_durations: tuple[JobQueuingDuration, ...] = ()


def faults(entry: JobQueuingDuration) -> Iterator[tuple[str, str]]:
    yield from periods.faults(entry.periods)
    yield from durations.faults(("threshold", entry.threshold))
    try:
        re.compile(entry.jobs_running_for_project)
    except re.error as error:
        yield "jobs_running_for_project", f"is no regular expression: {error}"


def waited_too_long(
    monitoring: Monitoring, waited: float, jobs_running: str, reading_in: ReadingIn
) -> bool:
    """Tell whether a job that waited so many seconds at GitLab passes the threshold in force.

    `reading_in` tells what a clock shows now in a time zone.
    """
    for entry in reversed(monitoring.job_queuing_durations):
        if periods.covers(entry.periods, reading_in(entry.timezone or periods.LOCAL)):
            is_meant = re.search(entry.jobs_running_for_project, jobs_running)
            return is_meant is not None and waited > parse_duration(entry.threshold or "0")
    return False
