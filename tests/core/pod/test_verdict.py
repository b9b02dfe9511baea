"""What the manager does about a job's objects: one row a state."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from podlane.core.job.outcome import FailureReason, failed
from podlane.core.pod import names
from podlane.core.pod.state import RawPod, RecordState, parse_pod
from podlane.core.pod.verdict import (
    Entry,
    Make,
    Patience,
    Remove,
    SpeakFor,
    Tell,
    Verdict,
    Wait,
    judge,
)

MADE = 1_000_000.0
RECORD = RecordState("runner-a-job-1", "ci", "uid-1", "a", 1, "42", MADE)
ACCEPTED = '{"state":"accepted","outcome":{"state":"success"},"sent":10}'
DECIDED = '{"state":"decided","outcome":{"state":"failed","failure_reason":"script_failure"}}'
DEFERRED = '{"state":"deferred"}'
DENIED = "failed to pull: pull access denied, repository does not exist"
REFUSED = "dial tcp 10.0.0.1:443: connect: connection refused"


def pod(
    helper: dict[str, Any] | None = None,
    build: dict[str, Any] | None = None,
    *,
    node: str = "node1",
    attempt: int = 0,
    **more: Any,
) -> RawPod:
    statuses = [
        {"name": name, "state": state}
        for name, state in (("helper", helper), ("build", build))
        if state is not None
    ]
    limits = {"limits": {"memory": "64Mi"}}
    document = {
        "metadata": {
            "name": f"runner-a-job-1-{attempt}",
            "namespace": "ci",
            "uid": f"pod-{attempt}",
            "labels": {names.ATTEMPT: str(attempt)},
            "creationTimestamp": "1970-01-12T13:46:40Z",
            "ownerReferences": [{"name": "runner-a-job-1", "uid": "uid-1"}],
        }
        | more.get("metadata", {}),
        "spec": {
            "nodeName": node,
            "containers": [
                {"name": "helper", "image": "podlane:1"},
                {"name": "build", "image": "alpine:3", "resources": limits},
            ],
        },
        "status": {"phase": "Pending", "containerStatuses": statuses} | more.get("status", {}),
    }
    return msgspec.convert(document, RawPod)


def waiting(reason: str, message: str = "") -> dict[str, Any]:
    return {"waiting": {"reason": reason, "message": message}}


def ended(code: int = 0, reason: str = "Completed", message: str = "") -> dict[str, Any]:
    return {"terminated": {"exitCode": code, "reason": reason, "message": message}}


RUNNING: dict[str, Any] = {"running": {"startedAt": "1970-01-12T13:46:41Z"}}
BUSY = waiting("ContainerCreating")


def verdict(raw: RawPod | None, after: float = 1, policies: int = 1, **entry: Any) -> Verdict:
    state = parse_pod(raw) if raw is not None else None
    whole = Entry(RECORD, state, seen_at=MADE, **entry)
    return judge(whole, MADE + after, Patience(policies=policies))


def spoken(answer: Verdict) -> tuple[str, int, str]:
    assert isinstance(answer, SpeakFor), answer
    reason = answer.outcome.failure_reason
    return str(reason), answer.outcome.exit_code, " ".join(answer.lines)


def test_helpers_own_word_beats_all() -> None:
    evicted: dict[str, Any] = {
        "status": {"phase": "Failed", "reason": "Evicted", "message": "no disk"}
    }
    assert verdict(pod(ended(message=ACCEPTED), ended(137, "OOMKilled"), **evicted)) == Remove()
    outcome = failed(FailureReason.SCRIPT_FAILURE)
    assert verdict(pod(ended(message=DECIDED), RUNNING)) == SpeakFor(outcome)


def test_record_alone_gets_its_pod_once_the_list_has_caught_up() -> None:
    assert isinstance(verdict(None, after=1), Wait)
    assert verdict(None, after=6) == Make(0)
    assert isinstance(verdict(None, after=600, is_launching=True), Wait)


SPEAKING = [
    ("deleted", pod(RUNNING, RUNNING), {"pod_is_gone": True}, "runner_system_failure", "deleted"),
    ("helper OOM", pod(ended(137, "OOMKilled")), {}, "runner_system_failure", "memory"),
    ("helper crash", pod(ended(1, "Error", "boom")), {}, "runner_system_failure", "boom"),
    (
        "not our image",
        pod(ended(128, "StartError", 'exec: "podlane": not found')),
        {},
        "runner_configuration_error",
        "not podlane's",
    ),
    (
        "build OOM",
        pod(ended(message=DEFERRED), ended(137, "OOMKilled")),
        {},
        "script_failure",
        "limit: 64Mi",
    ),
    (
        "no shell",
        pod(ended(message=DEFERRED), ended(128, "StartError", 'exec: "sh": not found')),
        {},
        "runner_configuration_error",
        "no shell",
    ),
    (
        "deadline",
        pod(status={"phase": "Failed", "reason": "DeadlineExceeded"}),
        {},
        "job_execution_timeout",
        "time-out",
    ),
    (
        "evicted",
        pod(status={"phase": "Failed", "reason": "Evicted", "message": "low on disk"}),
        {},
        "runner_system_failure",
        "low on disk",
    ),
    (
        "helper image denied",
        pod(waiting("ErrImagePull", DENIED), BUSY),
        {},
        "runner_configuration_error",
        "credentials",
    ),
    (
        "invalid name",
        pod(waiting("InvalidImageName", "couldn't parse"), BUSY),
        {},
        "runner_configuration_error",
        "no valid name",
    ),
]


@pytest.mark.parametrize(("what", "raw", "entry", "reason", "words"), SPEAKING)
def test_speaks_for_the_pod(
    what: str, raw: RawPod, entry: dict[str, Any], reason: str, words: str
) -> None:
    said = spoken(verdict(raw, **entry))
    assert said[0] == reason
    assert words in said[2]


def test_out_of_memory_keeps_its_exit_code() -> None:
    answer = verdict(pod(ended(message=DEFERRED), ended(137, "OOMKilled")))
    assert spoken(answer)[1] == 137


def test_network_trouble_is_waited_for() -> None:
    raw = pod(waiting("ImagePullBackOff", REFUSED), BUSY)
    assert isinstance(verdict(raw, after=100), Wait)
    assert spoken(verdict(raw, after=200))[0] == "runner_external_dependency_failure"


def test_next_pull_policy_is_the_next_attempt() -> None:
    raw = pod(waiting("ErrImagePull", DENIED), BUSY)
    assert verdict(raw, policies=2) == Make(1)
    again = pod(waiting("ErrImagePull", DENIED), BUSY, attempt=1)
    assert isinstance(verdict(again, policies=2), SpeakFor)


def test_running_helper_is_told_and_then_spoken_for() -> None:
    raw = pod(RUNNING, waiting("ErrImagePull", "manifest unknown: not found"))
    answer = verdict(raw)
    assert isinstance(answer, Tell)
    assert "alpine:3" in answer.line
    told: dict[str, Any] = {"metadata": {"annotations": {names.TELL: "defer"}}}
    assert isinstance(verdict(pod(RUNNING, waiting("ErrImagePull", "not found"), **told)), Wait)
    ended_helper = pod(ended(message=DEFERRED), waiting("ErrImagePull", "not found"))
    assert spoken(verdict(ended_helper))[0] == "runner_configuration_error"


def test_unschedulable_waits_with_the_schedulers_sentence() -> None:
    condition = {"type": "PodScheduled", "status": "False", "reason": "Unschedulable"}
    condition["message"] = "0/1 nodes are available: 1 Insufficient cpu."
    raw = pod(node="", status={"conditions": [condition]})
    assert isinstance(verdict(raw, after=90), Wait)
    said = spoken(verdict(raw, after=181))
    assert said[0] == "runner_system_failure"
    assert "Insufficient cpu" in said[2]


def test_configuration_of_a_container_gets_a_grace() -> None:
    raw = pod(waiting("CreateContainerConfigError", 'secret "x" not found'), BUSY)
    assert isinstance(verdict(raw, after=5), Wait)
    assert spoken(verdict(raw, after=11))[0] == "runner_configuration_error"


def test_node_that_refused_the_pod_gets_another() -> None:
    raw = pod(status={"phase": "Failed", "reason": "OutOfcpu", "message": "no"})
    assert verdict(raw) == Make(1)


def test_dying_pod_may_still_speak() -> None:
    dying: dict[str, Any] = {"metadata": {"deletionTimestamp": "1970-01-12T13:46:50Z"}}
    assert isinstance(verdict(pod(RUNNING, RUNNING, **dying)), Wait)
    assert isinstance(verdict(pod(BUSY, BUSY, **dying)), SpeakFor)


def test_running_job_is_left_alone() -> None:
    assert isinstance(verdict(pod(RUNNING, RUNNING), after=9000), Wait)


def test_silence_has_an_end() -> None:
    assert isinstance(verdict(pod(BUSY, BUSY), after=100), Wait)
    assert "did not start" in spoken(verdict(pod(BUSY, BUSY), after=181))[2]
