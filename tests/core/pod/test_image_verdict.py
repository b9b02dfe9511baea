"""What is said and done about images that do not come, and helpers that are not ours."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from core.pod.states import (
    BUSY,
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
from podlane.core.job.tell import encode_told
from podlane.core.job.word import OTHER_VERSION
from podlane.core.pod import names, pull_credentials
from podlane.core.pod.explained import explained
from podlane.core.pod.finding import Warned
from podlane.core.pod.state import parse_pod
from podlane.core.pod.verdict import Entry, Patience, SpeakFor, Tell, Wait, judge


def test_refused_credentials_are_named_by_their_source() -> None:
    noted = {pull_credentials.CREDENTIALS: '{"logins":{"docker.io":"GitLab\'s own for the job"}}'}
    raw = pod(BUSY, waiting("ErrImagePull", DENIED), metadata={"annotations": noted})
    reason, _, said = spoken(verdict(raw))
    assert reason == "runner_configuration_error"
    assert DENIED in said
    assert "Credentials tried for docker.io: GitLab's own for the job." in said
    assert "hint: check the image's name, and that user and password may read it" in said


def test_a_pull_secret_that_is_not_there_is_named() -> None:
    end = verdict(pod(BUSY, waiting("ErrImagePull", DENIED)))
    assert isinstance(end, SpeakFor)
    why = "Unable to retrieve some image pull secrets (team)"
    other = Warned("Failed", "something else")
    assert explained(end, (other,)) == end
    told = explained(end, (other, Warned("FailedToRetrieveImagePullSecret", why)))
    assert told.outcome == end.outcome
    assert told.lines == (*end.lines[:-1], why, end.lines[-1])


def test_an_image_that_is_not_there_is_no_matter_of_credentials() -> None:
    _, _, said = spoken(verdict(pod(BUSY, waiting("ErrImagePull", "x: not found"))))
    assert "Credentials" not in said
    assert "hint: check the image's name and tag" in said


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        ('"forbidden-app:1": not found', "runner_configuration_error"),
        ("tls: failed to verify certificate: x509: unknown", "runner_external_dependency_failure"),
        (
            "[manifests 1]: 500 Internal Server Error",
            "runner_external_dependency_failure",
        ),
        (
            "[manifests 1]: 503 Service Unavailable",
            "runner_external_dependency_failure",
        ),
        ("toomanyrequests: pull rate limit", "image_pull_failure"),
    ],
)
def test_whose_fault_it_is(message: str, reason: str) -> None:
    raw = pod(BUSY, waiting("ErrImagePull", message))
    helper, build = raw.spec.containers
    named = (helper, replace(build, image="forbidden-app:1"))
    answer = verdict(replace(raw, spec=replace(raw.spec, containers=named)), after=500)
    assert spoken(answer)[0] == reason
    assert "credentials" not in spoken(answer)[2]


def test_a_running_helper_is_told_once_what_is_waited_for() -> None:
    raw = pod(RUNNING, waiting("ErrImagePull", REFUSED))
    answer = verdict(raw)
    assert isinstance(answer, Tell)
    assert "the registry did not answer" in answer.told.waits
    noted = {names.TELL: encode_told(answer.told)}
    again = pod(RUNNING, waiting("ErrImagePull", REFUSED), metadata={"annotations": noted})
    assert isinstance(verdict(again), Wait)
    last = verdict(again, after=500)
    assert isinstance(last, Tell)
    assert "the registry did not answer" in last.told.defer


def test_it_is_not_told_where_the_config_wants_no_warnings() -> None:
    state = parse_pod(pod(RUNNING, waiting("ErrImagePull", REFUSED)))
    entry = Entry(RECORD, state, seen_at=MADE)
    assert isinstance(judge(entry, MADE + 1, Patience(is_told=False)), Wait)


@pytest.mark.parametrize(
    ("end", "said"),
    [
        (ended(128, "StartError", 'exec: "podlane": not found'), "is not podlane's: exit code 128"),
        (ended(127, "Error"), "is not podlane's: exit code 127"),
        (
            ended(OTHER_VERSION, "Error", "podlane 9 reads"),
            "is of another version of podlane: podlane 9 reads",
        ),
    ],
)
def test_a_helper_image_that_is_not_ours(end: dict[str, object], said: str) -> None:
    reason, _, text = spoken(verdict(pod(end)))
    assert reason == "runner_configuration_error"
    assert text.startswith(f"The helper image podlane:1 {said}")
    assert "hint: leave `helper_image` out" in text
