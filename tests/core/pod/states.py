"""A job's objects as the cluster shows them, for the tests of what is done about them."""

from __future__ import annotations

from typing import Any

import msgspec

from podlane.core.pod import names
from podlane.core.pod.state import RawPod, RecordState, parse_pod
from podlane.core.pod.verdict import Entry, Patience, SpeakFor, Verdict, judge

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


def verdict(raw: RawPod | None, after: float = 1, **entry: Any) -> Verdict:
    state = parse_pod(raw) if raw is not None else None
    whole = Entry(RECORD, state, seen_at=MADE, **entry)
    return judge(whole, MADE + after, Patience())


def spoken(answer: Verdict) -> tuple[str, int, str]:
    assert isinstance(answer, SpeakFor), answer
    reason = answer.outcome.failure_reason
    return str(reason), answer.outcome.exit_code, " ".join(answer.lines)
