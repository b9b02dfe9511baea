"""What befell a pod, in GitLab's reason and in sentences for the job's author."""

from __future__ import annotations

import msgspec

from podlane.core.job.outcome import FailureReason as Reason


class Finding(msgspec.Struct, frozen=True):
    """`lines`: what happened, then what to do. `is_final`: waiting cannot help.

    `is_grace`: an object may still come (seconds, not minutes). `pull_of`: the container whose
    image another pull policy may bring. `is_refused`: a registry refused, perhaps for want of a
    pull secret. `is_unexplained`: the pod's warnings may say more.
    """

    reason: Reason
    lines: tuple[str, ...]
    exit_code: int = 0
    is_final: bool = False
    is_grace: bool = False
    pull_of: str = ""
    is_refused: bool = False
    is_unexplained: bool = False


class Warned(msgspec.Struct, frozen=True):
    """A Warning event of the pod, which has been said again and again for so many `seconds`."""

    reason: str
    message: str
    seconds: float = 0
