"""Keeps the build container of a failed job alive after us, where the runner wants to look into it.

The helper itself ends, for its end is how the manager learns that GitLab has the outcome: so the
job holds no place meanwhile. The manager removes the pod when its time is over.
"""

from __future__ import annotations

import time
from pathlib import Path

from podlane.core.trace import kept
from podlane.helper.work import Work

_SECONDS = 5.0


def stay(work: Work) -> None:
    """Let the container stay, and say in the log how to get into it."""
    seconds = work.plan.limits.keep
    if seconds is None or work.reporter.is_canceling or work.terminated_at:
        return
    work.is_kept = work.lane.stay(time.monotonic() + _SECONDS)
    if work.is_kept:
        place = kept.Place(_told(work, "namespace"), _told(work, "name"))
        for line in kept.way_in(place, seconds, work.plan.places.project):
            work.trace.plain(line)


def _told(work: Work, word: str) -> str:
    return (Path(work.plan.places.pod) / "tell" / word).read_text()
