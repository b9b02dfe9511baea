"""Whether the cluster's events about the pod are to be seen in the job's log."""

from __future__ import annotations

from podlane.core.plan.context import RunnerContext
from podlane.core.plan.model import Note
from podlane.core.plan.resolve import Ground

_FLAG = "FF_PRINT_POD_EVENTS"


def are_shown(context: RunnerContext, ground: Ground) -> bool:
    """The runner's word against events counts more: its manager may lack the right to list them."""
    return ground.flags[_FLAG] and context.runner.kubernetes.print_pod_warning_events


def complaints(context: RunnerContext, ground: Ground) -> tuple[Note, ...]:
    if not ground.flags[_FLAG] or are_shown(context, ground):
        return ()
    why = "`print_pod_warning_events` of the runner is false"
    return (Note(f"{_FLAG} shows no events: {why}", "warning"),)
