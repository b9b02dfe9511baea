"""A later attempt is the same pod under another name, with the next pull policies."""

from __future__ import annotations

import pytest

from golden.cases import build_case
from podlane.core.pod import pulls
from podlane.core.pod.names import ATTEMPT


def _policies(pod: dict[str, object]) -> dict[str, str]:
    spec = pod["spec"]
    assert isinstance(spec, dict)
    return {one["name"]: one.get("imagePullPolicy", "") for one in spec["containers"]}


def test_a_failed_pull_takes_that_containers_next_policy() -> None:
    manifests = build_case("services")
    record = manifests.record["metadata"]["name"]
    second = pulls.attempt_of(manifests.pod, record, 1, {"db": 1})
    assert second["metadata"]["name"] == f"{record}-1"
    assert second["metadata"]["labels"][ATTEMPT] == "1"
    assert pulls.read_failed(second["metadata"]["annotations"]) == {"db": 1}
    first = _policies(manifests.pod)
    assert first["db"] == "IfNotPresent"
    assert _policies(second) == first | {"db": "Always"}
    assert _policies(pulls.attempt_of(manifests.pod, record, 7, {"db": 9, "svc-1": -3})) == (
        first | {"db": "Always"}
    )


def test_a_pod_without_a_choice_stays_as_it_is() -> None:
    manifests = build_case("plain")
    assert pulls.read(manifests.pod["metadata"]["annotations"]) == {}
    again = pulls.attempt_of(manifests.pod, "r", 1, {"build": 1})
    assert _policies(again) == {"helper": "", "build": ""}


@pytest.mark.parametrize("text", ["", "null", "[]", '{"build": "x"}', "{"])
def test_annotations_that_are_not_ours_say_nothing(text: str) -> None:
    assert pulls.read({pulls.PULL_POLICIES: text}) == {}
    assert pulls.read_failed({pulls.PULLS_FAILED: text}) == {}


def test_first_attempt_is_the_manifest_itself() -> None:
    manifests = build_case("pull-policies")
    record = manifests.record["metadata"]["name"]
    assert pulls.attempt_of(manifests.pod, record, 0) == manifests.pod
