"""A pod that is taken away while its job runs: who takes it is said, once; its helper speaks."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from core.pod.states import DECIDED, DEFERRED, RECORD, pod
from podlane.core.job.outcome import FailureReason, failed
from podlane.core.pod.state import parse_pod
from podlane.core.pod.verdict import Entry, Patience, Remark, SpeakFor, Wait, judge

NOW = 1_000_100.0
RUNS: dict[str, Any] = {"running": {}}
DELETED = {"deletionTimestamp": "1970-01-12T13:47:40Z"}
REASONS = [
    ("EvictionByEvictionAPI", "Eviction API: evicting"),
    ("PreemptionByScheduler", "default-scheduler: preempting to accommodate a higher priority pod"),
    ("DeletionByTaintManager", "Taint manager: deleting due to NoExecute taint"),
]


def taken(reason: str, message: str, helper: dict[str, Any]) -> Entry:
    why = {"type": "DisruptionTarget", "status": "True", "reason": reason, "message": message}
    status = {"phase": "Running", "conditions": [why]}
    return Entry(RECORD, parse_pod(pod(helper, RUNS, status=status, metadata=DELETED)))


@pytest.mark.parametrize(("reason", "message"), REASONS)
def test_who_takes_a_pod_is_said_once(reason: str, message: str) -> None:
    entry = taken(reason, message, RUNS)
    said = f"Kubernetes takes the pod away from node node1: {reason}: {message}"
    assert judge(entry, NOW, Patience()) == Remark((said,))
    assert isinstance(judge(replace(entry, is_remarked=True), NOW, Patience()), Wait)


def test_a_pod_that_somebody_deletes_is_left_to_its_helper() -> None:
    entry = Entry(RECORD, parse_pod(pod(RUNS, RUNS, metadata=DELETED)))
    assert isinstance(judge(entry, NOW, Patience()), Wait)


def test_a_helper_that_was_killed_before_its_word_is_spoken_for() -> None:
    entry = taken(*REASONS[0], {"terminated": {"exitCode": 137, "reason": "Error"}})
    verdict = judge(entry, NOW, Patience())
    assert isinstance(verdict, SpeakFor)
    assert verdict.outcome == failed(FailureReason.RUNNER_SYSTEM_FAILURE)
    assert verdict.lines[0].startswith("Kubernetes took the pod away from node node1: Eviction")
    helper = {"terminated": {"exitCode": 137, "reason": "Error"}}
    deleted = Entry(RECORD, parse_pod(pod(helper, RUNS, metadata=DELETED)))
    verdict = judge(deleted, NOW, Patience())
    assert isinstance(verdict, SpeakFor)
    assert "was deleted before the job had ended" in verdict.lines[0]


def test_a_build_container_that_ends_by_the_signal_is_no_riddle() -> None:
    helper = {"terminated": {"exitCode": 0, "message": DEFERRED}}
    build = {"terminated": {"exitCode": 143, "reason": "Error"}}
    verdict = judge(Entry(RECORD, parse_pod(pod(helper, build, metadata=DELETED))), NOW, Patience())
    assert isinstance(verdict, SpeakFor)
    assert verdict.outcome == failed(FailureReason.RUNNER_SYSTEM_FAILURE)
    assert "was deleted before the job had ended" in verdict.lines[0]


def test_a_word_of_the_helper_beats_who_took_the_pod() -> None:
    end = {"terminated": {"exitCode": 0, "message": DECIDED}}
    verdict = judge(taken(*REASONS[0], end), NOW, Patience())
    assert verdict == SpeakFor(failed(FailureReason.SCRIPT_FAILURE))
