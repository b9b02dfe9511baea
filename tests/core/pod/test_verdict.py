"""What the manager does about a job's objects: one row a state."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from core.pod.states import (
    ACCEPTED,
    BUSY,
    DECIDED,
    DEFERRED,
    DENIED,
    MADE,
    RECORD,
    REFUSED,
    RUNNING,
    ended,
    pod,
    spoken,
    verdict,
    waiting,
)
from podlane.core.job.outcome import FailureReason, failed
from podlane.core.job.tell import ServiceEnd, Told, encode_told
from podlane.core.pod import names
from podlane.core.pod.explained import explained
from podlane.core.pod.finding import Warned
from podlane.core.pod.state import RawContainer, RawPod, RawSpecContainer, parse_pod
from podlane.core.pod.verdict import (
    Entry,
    GiveBack,
    Make,
    Patience,
    Remove,
    SpeakFor,
    Tell,
    Wait,
    judge,
)


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
        "limit 64 MiB",
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


CHOICE = {"podlane.dev/pull-policies": '{"build":["Always","IfNotPresent"],"db":["Always"]}'}


def test_next_pull_policy_is_the_next_attempt_at_once() -> None:
    choice: dict[str, Any] = {"metadata": {"annotations": CHOICE}}
    for message in (DENIED, REFUSED):
        waits = waiting("ErrImagePull", message)
        assert isinstance(verdict(pod(BUSY, waits, **choice)), Tell)  # the helper leaves first
        raw = pod(ended(message=DEFERRED), waits, **choice)
        answer = verdict(raw)
        assert isinstance(answer, Make)
        assert answer.attempt == 1
        assert "alpine:3" in answer.lines[0]
        assert answer.pulls_failed == {"build": 1}
        assert answer.overlaps
        assert answer.lines[1].startswith('Attempt #2: Trying "IfNotPresent" pull policy')
    annotations = CHOICE | {"podlane.dev/pulls-failed": '{"build":1}'}
    again = pod(
        ended(message=DEFERRED),
        waiting("ErrImagePull", DENIED),
        metadata={"annotations": annotations},
    )
    assert isinstance(verdict(again), SpeakFor)


def test_pulls_that_failed_side_by_side_are_tried_again_together() -> None:
    both = {"podlane.dev/pull-policies": '{"helper":["Always","Never"],"build":["Always","Never"]}'}
    raw = pod(
        waiting("ErrImagePull", DENIED),
        waiting("ErrImagePull", REFUSED),
        metadata={"annotations": both},
    )
    answer = verdict(raw)
    assert isinstance(answer, Make)
    assert (answer.attempt, answer.pulls_failed) == (1, {"helper": 1, "build": 1})
    assert len(answer.lines) == 4


def test_a_container_without_a_choice_is_not_tried_again() -> None:
    choice: dict[str, Any] = {"metadata": {"annotations": CHOICE}}
    raw = pod(waiting("ErrImagePull", DENIED), BUSY, **choice)  # the helper's image
    assert isinstance(verdict(raw), SpeakFor)


def told(news: Told) -> dict[str, Any]:
    return {"metadata": {"annotations": {names.TELL: encode_told(news)}}}


def test_running_helper_is_told_and_then_spoken_for() -> None:
    raw = pod(RUNNING, waiting("ErrImagePull", "manifest unknown: not found"))
    answer = verdict(raw)
    assert isinstance(answer, Tell)
    assert "alpine:3" in answer.told.defer
    again = pod(RUNNING, waiting("ErrImagePull", "not found"), **told(answer.told))
    assert isinstance(verdict(again), Wait)
    ended_helper = pod(ended(message=DEFERRED), waiting("ErrImagePull", "not found"))
    assert spoken(verdict(ended_helper))[0] == "runner_configuration_error"


def with_service(state: dict[str, Any], **more: Any) -> RawPod:
    """A pod with a service `db`, whose helper and build container run."""
    raw = pod(RUNNING, RUNNING, **more)
    limits: dict[str, object] = {"limits": {"memory": "32Mi"}}
    spec = msgspec.structs.replace(
        raw.spec, containers=(*raw.spec.containers, RawSpecContainer("db", "db:1", (), limits))
    )
    statuses = (
        *raw.status.container_statuses,
        msgspec.convert({"name": "db", "state": state}, RawContainer),
    )
    status = msgspec.structs.replace(raw.status, container_statuses=statuses)
    return msgspec.structs.replace(raw, spec=spec, status=status)


def with_digests(raw: RawPod) -> RawPod:
    statuses = tuple(
        msgspec.structs.replace(one, image_id=f"docker.io/library/x@sha256:{one.name}")
        for one in raw.status.container_statuses
    )
    return msgspec.structs.replace(
        raw, status=msgspec.structs.replace(raw.status, container_statuses=statuses)
    )


def test_images_are_told_once_to_a_job_of_some_length() -> None:
    patient = Patience(images=5)
    running = with_digests(pod(RUNNING, RUNNING))
    seen = Entry(RECORD, parse_pod(running), seen_at=MADE)
    assert judge(seen, MADE + 2, patient) == Wait(3)
    images = {"helper": "sha256:helper", "build": "sha256:build"}
    assert judge(seen, MADE + 5, patient) == Tell(Told(images=images))
    assert isinstance(judge(seen, MADE + 50, Patience()), Wait)
    known = with_digests(pod(RUNNING, RUNNING, **told(Told(images=images))))
    assert isinstance(
        judge(Entry(RECORD, parse_pod(known), seen_at=MADE), MADE + 50, patient), Wait
    )
    alone = with_digests(pod(RUNNING, {"waiting": {}}))
    early = Entry(RECORD, parse_pod(alone), seen_at=MADE)
    assert not isinstance(judge(early, MADE + 6, patient), Tell)


def test_end_of_a_service_is_told_once() -> None:
    dead = ended(137, "OOMKilled", "the last line\n")
    answer = verdict(with_service(dead))
    end = ServiceEnd("db", 137, "OOMKilled", "the last line", "32Mi")
    assert answer == Tell(Told("", (end,)))
    assert isinstance(verdict(with_service(dead, **told(answer.told))), Wait)
    assert isinstance(verdict(with_service(RUNNING)), Wait)


def test_a_service_that_ends_with_its_pod_is_no_news() -> None:
    dying: dict[str, Any] = {"metadata": {"deletionTimestamp": "1970-01-12T13:46:50Z"}}
    assert isinstance(verdict(with_service(ended(143, "Error"), **dying)), Wait)


def test_image_of_a_service_that_does_not_come_is_told_and_then_spoken_of() -> None:
    missing = waiting("ErrImagePull", "manifest unknown: not found")
    answer = verdict(with_service(missing))
    assert isinstance(answer, Tell)
    assert "The image db:1 of container db was not found" in answer.told.defer
    raw = with_service(missing)
    helper = msgspec.convert({"name": "helper", "state": ended(message=DEFERRED)}, RawContainer)
    statuses = (helper, *raw.status.container_statuses[1:])
    status = msgspec.structs.replace(raw.status, container_statuses=statuses)
    said = spoken(verdict(msgspec.structs.replace(raw, status=status)))
    assert said[0] == "runner_configuration_error"
    assert "container db was not found" in said[2]


def test_what_was_told_is_said_when_its_cause_is_gone() -> None:
    raw = pod(ended(message=DEFERRED), RUNNING, **told(Told("the image x did not come")))
    assert spoken(verdict(raw, after=10))[2] == "the image x did not come"


def with_entrypoint(helper: dict[str, Any], build: dict[str, Any]) -> RawPod:
    raw = pod(helper, build)
    first, second = raw.spec.containers
    kept = msgspec.structs.replace(second, args=("sh", "-c", "loop"))
    spec = msgspec.structs.replace(raw.spec, containers=(first, kept))
    return msgspec.structs.replace(raw, spec=spec)


def test_entrypoint_that_never_starts_the_shell_is_named() -> None:
    build = ended(1, "Error", "no such database")
    silent = '{"state":"deferred","outcome":{"state":"failed"}}'
    said = spoken(verdict(with_entrypoint(ended(message=silent), build)))
    assert said[0] == "runner_configuration_error"
    assert "entrypoint of the image alpine:3" in said[2]
    assert "no such database" in said[2]
    later = spoken(verdict(with_entrypoint(ended(message=DEFERRED), build)))
    assert later[0] == "runner_system_failure"  # it had said hello: a script ended it


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
    assert verdict(raw) == Make(1, overlaps=True)


def test_dying_pod_may_still_speak() -> None:
    dying: dict[str, Any] = {"metadata": {"deletionTimestamp": "1970-01-12T13:46:50Z"}}
    assert isinstance(verdict(pod(RUNNING, RUNNING, **dying)), Wait)
    assert isinstance(verdict(pod(BUSY, BUSY, **dying)), SpeakFor)


def test_running_job_is_left_alone() -> None:
    assert isinstance(verdict(pod(RUNNING, RUNNING), after=9000), Wait)


def test_a_pod_that_was_taken_away_for_the_next_attempt_is_not_lost() -> None:
    choice = {"annotations": {"podlane.dev/pull-policies": '{"helper":["Always","IfNotPresent"]}'}}
    waits = waiting("ErrImagePull", DENIED)
    first = verdict(pod(waits, BUSY, metadata=choice))
    assert isinstance(first, Make)
    assert not first.overlaps
    ending = choice | {"deletionTimestamp": "1970-01-12T13:46:50Z"}
    assert isinstance(verdict(pod(waits, BUSY, metadata=ending)), Wait)
    gone = verdict(pod(waits, BUSY, metadata=ending), pod_is_gone=True)
    assert isinstance(gone, Make)
    assert gone.attempt == 1
    assert gone.overlaps
    begun = verdict(pod(ended(message=DECIDED), BUSY, metadata=ending), pod_is_gone=True)
    assert isinstance(begun, SpeakFor)


def test_silence_has_an_end() -> None:
    assert isinstance(verdict(pod(BUSY, BUSY), after=100), Wait)
    assert "did not start" in spoken(verdict(pod(BUSY, BUSY), after=181))[2]


@pytest.mark.parametrize(
    ("warned", "reason", "words"),
    [
        (
            [
                Warned(
                    "FailedMount", 'MountVolume.SetUp failed for volume "v" : secret "s" not found'
                )
            ],
            "runner_configuration_error",
            'secret "s" not found',
        ),
        (
            [Warned("MissingClusterDNS", "x"), Warned("FailedCreatePodSandBox", "no network")],
            "runner_system_failure",
            "no network",
        ),
        ([Warned("MissingClusterDNS", "x")], "runner_system_failure", "did not start"),
        ([], "runner_system_failure", "did not start"),
    ],
)
def test_silence_is_explained_by_what_the_cluster_warns_of(
    warned: list[Warned], reason: str, words: str
) -> None:
    silent = verdict(pod(BUSY, BUSY), after=181)
    assert isinstance(silent, SpeakFor)
    assert silent.is_unexplained
    said = explained(silent, tuple(warned))
    assert said.outcome.failure_reason == reason
    assert any(words in line for line in said.lines)


NO_ROOM = "0/2 nodes are available: 1 Insufficient cpu, 1 node(s) had untolerated taint {a: b}."
NO_MATCH = "0/2 nodes are available: 2 node(s) didn't match Pod's node affinity/selector."


def unplaced(message: str) -> RawPod:
    condition = {"type": "PodScheduled", "status": "False", "reason": "Unschedulable"}
    return pod(node="", status={"conditions": [condition | {"message": message}]})


@pytest.mark.parametrize(
    ("raw", "entry", "kind"),
    [
        (unplaced(NO_ROOM), {"is_reserved": True}, GiveBack),
        (unplaced(NO_ROOM), {}, SpeakFor),
        (unplaced(NO_MATCH), {"is_reserved": True}, SpeakFor),
        (pod(node=""), {"is_reserved": True}, GiveBack),  # a scheduler that says nothing
        (pod(node=""), {"is_reserved": True, "pod_is_gone": True}, GiveBack),
        (pod(), {"is_reserved": True}, SpeakFor),  # a node has it
        (pod(node="", status={"phase": "Failed", "reason": "DeadlineExceeded"}), {}, SpeakFor),
    ],
)
def test_a_kept_job_that_no_node_takes_goes_back(
    raw: RawPod, entry: dict[str, Any], kind: type
) -> None:
    assert isinstance(verdict(raw, after=200, **entry), kind)
