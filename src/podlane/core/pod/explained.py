"""The end of a pod in whose status nothing says why, with what the cluster has warned of."""

from __future__ import annotations

import msgspec

from podlane.core.job.outcome import failed
from podlane.core.pod.finding import Warned
from podlane.core.pod.pull_evidence import missing_secrets
from podlane.core.pod.verdict import SpeakFor
from podlane.core.pod.warned import of_warnings


def explained(silent: SpeakFor, warned: tuple[Warned, ...]) -> SpeakFor:
    """The same end with its cause, where the cluster has warned of one."""
    if silent.is_refused:
        why = missing_secrets(warned)
        lines = (*silent.lines[:-1], why, silent.lines[-1])
        return msgspec.structs.replace(silent, lines=lines) if why else silent
    finding = of_warnings(warned)
    if finding is None:
        return silent
    return SpeakFor(failed(finding.reason), (silent.lines[0], *finding.lines))
