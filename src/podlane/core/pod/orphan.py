"""Which namespaces of jobs have been left behind by a manager that was killed."""

from __future__ import annotations

from podlane.core.pod.state import RecordState

_MARGIN = 30.0


def is_orphan(namespace: RecordState, *, has_job: bool, now: float, patience: float) -> bool:
    """Whether nobody needs it any more. `has_job`: a job's record is in it. A launch makes the
    record within `patience` seconds, so a younger namespace may be another manager's at work."""
    if has_job or namespace.is_deleting:
        return False
    return now > namespace.created_at + patience + _MARGIN
