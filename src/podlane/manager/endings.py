"""What is known and said of a job that has ended: for the usage log, the manager's log, its own."""

from __future__ import annotations

import time

from podlane.core.job.outcome import Outcome
from podlane.core.job.usage_record import Ended
from podlane.core.pod.verdict import Keep, settled
from podlane.core.trace import kept
from podlane.manager.board import Line


def usage(line: Line, outcome: Outcome) -> Ended:
    record, pod = line.record, line.pod
    at = pod.ended_at if pod is not None else 0
    url = pod.job_url if pod is not None else ""
    waits = pod.word.waits if pod is not None and pod.word is not None else ()
    return Ended(record.uid, url, record.created_at, at or time.time(), outcome, waits)


def way_to_look(line: Line, outcome: Outcome) -> tuple[str, ...]:
    """How to look into a pod that stays after our word for it; its containers have ended."""
    is_kept = isinstance(settled(line.entry(), time.time()), Keep)
    if line.pod is None or not is_kept or outcome.state == "success":
        return ()
    if line.pod.word is not None and line.pod.word.is_kept:
        return ()  # the helper has said how to get in
    return kept.way_to_look(kept.Place(line.pod.namespace, line.pod.name), line.pod.keeps)


def images(line: Line) -> dict[str, object]:
    """Which images ran, by their digests: only the API knows them, so no job's log can tell."""
    found = line.pod.containers if line.pod is not None else ()
    ran = " ".join(f"{one.name}={one.digest}" for one in found if one.digest)
    return {"images": ran} if ran else {}
