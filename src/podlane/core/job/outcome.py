"""How a job ended, in GitLab's words, and the closed list of failure reasons (GitLab's own)."""

from __future__ import annotations

from enum import StrEnum
from typing import Literal

import msgspec


class FailureReason(StrEnum):
    SCRIPT_FAILURE = "script_failure"
    RUNNER_SYSTEM_FAILURE = "runner_system_failure"
    JOB_EXECUTION_TIMEOUT = "job_execution_timeout"
    IMAGE_PULL_FAILURE = "image_pull_failure"
    RUNNER_CONFIGURATION_ERROR = "runner_configuration_error"
    RUNNER_EXTERNAL_DEPENDENCY_FAILURE = "runner_external_dependency_failure"
    RUNNER_INTERRUPTED = "runner_interrupted"
    UNKNOWN_FAILURE = "unknown_failure"


class Outcome(msgspec.Struct, frozen=True, omit_defaults=True):
    """`exit_code` is the failing script's (0 when there is none)."""

    state: Literal["success", "failed"]
    failure_reason: FailureReason | None = None
    exit_code: int = 0


SUCCESS = Outcome("success")

_ALWAYS_KNOWN = {
    FailureReason.SCRIPT_FAILURE,
    FailureReason.RUNNER_SYSTEM_FAILURE,
    FailureReason.JOB_EXECUTION_TIMEOUT,
}
_OLDER_WORD = {
    FailureReason.IMAGE_PULL_FAILURE: FailureReason.RUNNER_SYSTEM_FAILURE,
    FailureReason.RUNNER_CONFIGURATION_ERROR: FailureReason.SCRIPT_FAILURE,
    FailureReason.RUNNER_EXTERNAL_DEPENDENCY_FAILURE: FailureReason.RUNNER_SYSTEM_FAILURE,
}


def failed(reason: FailureReason, exit_code: int = 0) -> Outcome:
    return Outcome("failed", reason, exit_code)


def in_words_of(outcome: Outcome, known: tuple[str, ...]) -> Outcome:
    """Map the reason to one that the job's GitLab lists (`features.failure_reasons`)."""
    reason = outcome.failure_reason
    if reason is None or reason in _ALWAYS_KNOWN or reason in known:
        return outcome
    older = _OLDER_WORD.get(reason, FailureReason.UNKNOWN_FAILURE)
    return msgspec.structs.replace(outcome, failure_reason=older)
