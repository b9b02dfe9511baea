"""What the manager has told us, by the pod's annotation, which is a file here."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from podlane.core.job.tell import Told, parse_told
from podlane.core.plan.model import JobPlan

if TYPE_CHECKING:
    from podlane.helper.work import Work

_WAITS = "why a container waits"


def read(plan: JobPlan) -> Told:
    try:
        return parse_told((Path(plan.places.pod) / "tell" / "tell").read_text(errors="replace"))
    except OSError:
        return Told()


def read_aloud(work: Work) -> Told:
    """The same, where others are waited for: why one of them has not started is shown, once."""
    told = read(work.plan)
    if told.waits and _WAITS not in work.shown:
        work.shown.add(_WAITS)
        limit = work.plan.limits.hello
        work.trace.warning(f"{told.waits}; it is tried again, for {limit:.0f} s at most")
    return told
