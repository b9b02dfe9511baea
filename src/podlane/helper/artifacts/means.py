"""What both ways share: a folder, the plan's settings, the sentence of a failure."""

from __future__ import annotations

from pathlib import Path

from podlane.core.job.outcome import FailureReason, failed
from podlane.core.plan.model import ArtifactSettings
from podlane.helper.work import StageFailed, Work


def scratch(work: Work) -> Path:
    """A folder of the helper's own for what is packed or unpacked."""
    folder = Path(work.plan.places.pod) / "spool" / "scratch"
    folder.mkdir(exist_ok=True)
    return folder


def settings(work: Work) -> ArtifactSettings:
    return work.plan.artifacts or ArtifactSettings()


def failure(message: str, *hints: str) -> StageFailed:
    return StageFailed(failed(FailureReason.SCRIPT_FAILURE, 1), message, *hints)
