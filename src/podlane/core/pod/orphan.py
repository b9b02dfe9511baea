"""What has been left behind by a manager that was killed: namespaces, and pods without a record."""

from __future__ import annotations

from podlane.core.pod.state import PodState, RecordState

_MARGIN = 30.0


def is_orphan(namespace: RecordState, *, has_job: bool, now: float, patience: float) -> bool:
    """Whether nobody needs it any more. `has_job`: a job's record is in it. A launch makes the
    record within `patience` seconds, so a younger namespace may be another manager's at work."""
    if has_job or namespace.is_deleting:
        return False
    return now > namespace.created_at + patience + _MARGIN


def is_stray(pod: PodState, *, now: float, patience: float) -> bool:
    """Whether a pod without a record may go: one that runs ends by itself and tells GitLab."""
    if pod.is_deleting:
        return False
    if pod.has_begun:
        return pod.container("helper").phase == "terminated" and now > pod.ended_at + _MARGIN
    return now > pod.created_at + patience + _MARGIN
