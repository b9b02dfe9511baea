"""Who may run a job's script, speak for it, make its pod: the rules of the hand-over.

Manager and helper put each answer that decides such a thing to these functions, and to
`core.pod.verdict`. What they keep true together stands in docs/handover.md; tests/exploration
searches every order of events for a state in which it is not true.
"""

from __future__ import annotations

from collections.abc import Collection
from enum import Enum

from podlane.core.trace.reply import Reply, Word


class Missing(Enum):
    """What becomes of a record that has no pod."""

    MAKE = "make"
    BEGUN = "begun"  # a pod of it has been there: speak for it
    OVER = "over"  # GitLab does not want the job: remove the record
    UNKNOWN = "unknown"  # ask again


class Taken(Enum):
    """What an answer to the first PUT running makes of a launch."""

    WANTED = "wanted"
    CANCELED = "canceled"  # end it, then remove the record
    UNWANTED = "unwanted"
    UNKNOWN = "unknown"


def of_missing_pod(size: Reply, ours: Collection[int] = (0,), *, has_left: bool = False) -> Missing:
    """By what GitLab says of the trace's size. Silence is not "empty": the script may have run.

    `ours`: the sizes at which nothing of this attempt is in it. `has_left`: it is about the next
    attempt, and the last one's helper was seen to leave before any script.
    """
    if size.word is Word.STOP:
        return Missing.OVER
    if size.offset is None:
        return Missing.UNKNOWN
    return Missing.MAKE if has_left or size.offset in ours else Missing.BEGUN


def of_acknowledgement(reply: Reply) -> Taken:
    if reply.is_canceling:
        return Taken.CANCELED
    if reply.word is Word.STOP:
        return Taken.UNWANTED
    return Taken.UNKNOWN if reply.word is Word.AGAIN else Taken.WANTED


def may_run(reply: Reply) -> bool:
    """Whether a user's script may be handed over, by the answer to the question before it. That
    GitLab holds a byte of this helper's own is the other half: it keeps others from making the
    pod again."""
    return reply.word in (Word.DONE, Word.LATER)


def may_forget(*, has_pod: bool) -> bool:
    """Whether the record of a job may go that GitLab says is not ours. It may have it in its queue,
    and a helper that begins yet would take it when it is handed out again, with nobody who speaks
    for it: so not while a pod of it can begin."""
    return not has_pod


def is_over(reply: Reply) -> bool:
    """Whether a job that is not ours any more has ended: its helper's word came first, or a cancel.
    Such a one is in no queue, and never handed out again."""
    return reply.job_status in ("success", "failed", "canceled")


def is_said(reply: Reply) -> bool:
    """Whether a final status of ours needs no repetition: GitLab has it, or has another.

    By a manager, whose final status has no checksum: a 412 means that it was taken.
    """
    return reply.word in (Word.DONE, Word.STOP, Word.FROM_START)


def is_accepted(reply: Reply) -> bool:
    """The same by a helper, which sends the whole trace again where GitLab wants it."""
    return reply.word in (Word.DONE, Word.STOP)
