"""What the manager has told us, by the pod's annotation, which is a file here."""

from __future__ import annotations

from pathlib import Path

from podlane.core.job.tell import Told, parse_told
from podlane.core.plan.model import JobPlan


def read(plan: JobPlan) -> Told:
    try:
        return parse_told((Path(plan.places.pod) / "tell" / "tell").read_text(errors="replace"))
    except OSError:
        return Told()
