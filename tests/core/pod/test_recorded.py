"""What is said of pods that the real cluster has shown us (`make record`): one row a state.

States that cannot be made on one node are composed from Kubernetes' documentation, and say so.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from core.pod.states import RECORD
from podlane.core.pod.explained import explained
from podlane.core.pod.finding import Warned
from podlane.core.pod.state import PodState, RawPod, parse_pod
from podlane.core.pod.verdict import (
    Entry,
    Make,
    Patience,
    Remark,
    Remove,
    SpeakFor,
    Tell,
    Verdict,
    Wait,
    judge,
)
from podlane.core.pod.warned import lasting, may_lack
from podlane.errors import Rejected
from podlane.manager.refusal import refusal_of

FOLDER = Path(__file__).parent / "recorded"


def load(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((FOLDER / f"{name}.json").read_text())
    return found


def state(recorded: dict[str, Any]) -> PodState:
    return parse_pod(msgspec.convert(recorded["pod"], RawPod))


def verdict(name: str, after: float) -> Verdict:
    """What is done `after` seconds, with what the cluster has warned of where that is asked for."""
    recorded = load(name)
    pod = state(recorded)
    record = msgspec.structs.replace(RECORD, created_at=pod.created_at)
    entry = Entry(record, pod, seen_at=pod.created_at, pod_is_gone=recorded.get("is_gone", False))
    answer = judge(entry, pod.created_at + after, Patience())
    if isinstance(answer, SpeakFor) and (answer.is_unexplained or answer.is_refused):
        return explained(answer, tuple(Warned(**one) for one in recorded["events"]))
    return answer


SYSTEM, CONFIG, SCRIPT = (
    "runner_system_failure",
    "runner_configuration_error",
    "script_failure",
)
SPOKEN = [  # the state, seconds after its start, GitLab's reason, words of the sentence
    ("build-killed", 20, SYSTEM, "exit code 137"),
    ("command-not-executable", 5, CONFIG, "no shell"),
    ("deadline", 5, "job_execution_timeout", "time-out"),
    ("deleted-gone", 5, SYSTEM, "was deleted before the job had ended"),
    ("entrypoint-ended", 5, CONFIG, "exit code 3"),
    ("evicted-by-api-gone", 5, SYSTEM, "EvictionByEvictionAPI"),
    ("evicted-emptydir-size", 5, SYSTEM, 'EmptyDir volume "v" exceeds the limit "5Mi"'),
    ("evicted-ephemeral-storage", 5, SYSTEM, "exceeds the total limit of containers 10Mi"),
    ("helper-crashed", 5, SYSTEM, "MemoryError"),
    ("helper-image-not-found", 5, CONFIG, "was not found"),
    ("helper-killed", 5, SYSTEM, "exit code 137"),
    ("helper-killed-decided", 5, SCRIPT, ""),
    ("helper-not-ours", 5, CONFIG, "is not podlane's"),
    ("kubelet-stopped", 5, SYSTEM, "node1"),
    ("memory-build", 5, SCRIPT, "limit 16 MiB"),
    ("memory-helper", 5, SYSTEM, "helper container ran out of memory"),
    ("missing-claim", 11, CONFIG, 'persistentvolumeclaim "nobody" not found'),
    ("missing-configmap-volume", 200, CONFIG, 'configmap "nobody" not found'),
    ("missing-host-path", 200, SYSTEM, "is not a directory"),
    ("missing-secret-volume", 200, CONFIG, 'secret "nobody" not found'),
    ("no-shell", 5, CONFIG, "no shell"),
    ("node-pressure", 5, SYSTEM, "low on resource: memory"),
    ("node-shutdown", 5, SYSTEM, "imminent node shutdown"),
    ("pod-collected", 5, SYSTEM, "node no longer exists"),
    ("post-start-hook-fails", 20, CONFIG, "`post_start` hook of the build container failed"),
    ("sandbox-handler-unknown", 200, CONFIG, 'no runtime for "nobody-has-this"'),
    ("status-unknown", 5, SYSTEM, "ContainerStatusUnknown"),
    ("taint-no-execute", 5, SYSTEM, "NoExecute taint"),
    ("unschedulable-room", 200, SYSTEM, "Insufficient cpu"),
    ("unschedulable-selector", 200, SYSTEM, "affinity/selector"),
]
TOLD = [  # the helper runs, and is told to leave the word to the manager
    ("image-back-off", 200, "connection refused"),
    ("image-name-invalid", 5, "no valid name"),
    ("image-never-pulled", 5, "the pull policy is never"),
    ("image-not-found", 5, "was not found"),
    ("image-registry-down", 200, "connection refused"),
    ("image-unauthorised", 5, "may not be pulled"),
    ("missing-configmap", 20, 'configmap "nobody" not found'),
    ("missing-key", 20, "couldn't find key a"),
    ("missing-secret", 20, 'secret "nobody" not found'),
    ("run-as-non-root", 20, "image will run as root"),
    ("seccomp-profile-missing", 20, "cannot load seccomp profile"),
]
HINTS = {  # the state and what its last line must name
    "evicted-emptydir-size": "volume v: raise its `size_limit`",
    "evicted-ephemeral-storage": "raise `ephemeral_storage_limit`",
    "missing-claim": "make the object in the namespace of the jobs",
    "missing-host-path": "[runners.kubernetes.volumes]",
    "node-pressure": "raise `memory_request`",
    "post-start-hook-fails": "[runners.kubernetes.container_lifecycle]",
    "sandbox-handler-unknown": "`runtime_class_name`",
}
LACKING = {  # the status says nothing: whether the events say what waiting will not mend
    "missing-configmap-volume": True,
    "missing-host-path": False,
    "missing-secret-volume": True,
    "sandbox-handler-unknown": True,
}
HELPERS_TURN = ("deleted", "evicted-by-api", "preempted")
AGAIN = ("node-refused-affinity", "node-refused-room")
SERVICES = {"memory-service": "OOMKilled", "service-ended": "Error"}
REFUSED = {
    "refused-invalid": CONFIG,
    "refused-priority-class": CONFIG,
    "refused-quota": SYSTEM,
    "refused-runtime-class": CONFIG,
    "refused-service-account": CONFIG,
}


@pytest.mark.parametrize(("name", "after", "reason", "words"), SPOKEN)
def test_the_manager_speaks(name: str, after: float, reason: str, words: str) -> None:
    said = verdict(name, after)
    assert isinstance(said, SpeakFor), said
    assert said.outcome.failure_reason == reason
    assert words in " ".join(said.lines)


@pytest.mark.parametrize(("name", "words"), HINTS.items())
def test_what_to_do_names_what_the_config_calls_it(name: str, words: str) -> None:
    said = verdict(name, 200)
    assert isinstance(said, SpeakFor), said
    assert words in said.lines[-1]
    assert said.lines[-1].startswith("hint: ")


@pytest.mark.parametrize("name", LACKING)
@pytest.mark.parametrize(("seconds", "is_certain"), [(9, False), (15, True)])
def test_what_no_waiting_mends_is_not_waited_for(
    name: str, seconds: float, *, is_certain: bool
) -> None:
    recorded = load(name)
    pod = state(recorded)
    assert may_lack(pod)
    said = [Warned(**one, seconds=seconds) for one in recorded["events"]]
    lacks = lasting(said, pod, Patience().grace)
    assert (lacks is not None) is (is_certain and LACKING[name])
    record = msgspec.structs.replace(RECORD, created_at=pod.created_at)
    entry = Entry(record, pod, seen_at=pod.created_at, lacks=lacks)
    answer = judge(entry, pod.created_at + 17, Patience())
    assert isinstance(answer, SpeakFor if lacks else Wait)


def test_a_claim_may_come_while_the_scheduler_looks_for_it() -> None:
    assert isinstance(verdict("missing-claim", 9), Wait)


@pytest.mark.parametrize(("name", "after", "words"), TOLD)
def test_the_helper_is_told(name: str, after: float, words: str) -> None:
    told = verdict(name, after)
    assert isinstance(told, Tell), told
    assert words in told.told.defer


@pytest.mark.parametrize("name", HELPERS_TURN)
def test_the_helper_still_speaks_for_itself(name: str) -> None:
    assert isinstance(verdict(name, 20), Wait | Remark)


@pytest.mark.parametrize("name", AGAIN)
def test_what_no_node_began_is_made_again(name: str) -> None:
    again = verdict(name, 5)
    assert isinstance(again, Make)
    assert again.overlaps


@pytest.mark.parametrize("name", SERVICES)
def test_the_helper_hears_of_services(name: str) -> None:
    told = verdict(name, 5)
    assert isinstance(told, Tell)
    assert told.told.services[0].reason == SERVICES[name]


def test_a_child_that_was_killed_for_memory_is_no_failure_of_itself() -> None:
    assert verdict("memory-build-child", 5) == Remove()


@pytest.mark.parametrize("name", REFUSED)
def test_what_the_api_refuses(name: str) -> None:
    text = load(name)["refusal"].rpartition('"STDIN": ')[2]
    status = 403 if "forbidden" in text else 422
    error = Rejected(text, service="kubernetes", status=status)
    refusal = refusal_of(error)
    assert refusal.failure_reason == REFUSED[name]
    assert text in refusal.message


def test_each_state_has_its_row() -> None:
    rows = [one[0] for one in (*SPOKEN, *TOLD)]
    rows += [*HELPERS_TURN, *AGAIN, *SERVICES, *REFUSED, "memory-build-child"]
    assert sorted(rows) == sorted(path.stem for path in FOLDER.glob("*.json"))
