"""A later attempt is the same pod under another name, with the next pull policies."""

from __future__ import annotations

from golden.cases import build_case
from podlane.core.pod import pulls
from podlane.core.pod.names import ATTEMPT


def _policies(pod: dict[str, object]) -> dict[str, str]:
    spec = pod["spec"]
    assert isinstance(spec, dict)
    return {one["name"]: one.get("imagePullPolicy", "") for one in spec["containers"]}


def test_each_attempt_takes_the_next_policy() -> None:
    manifests = build_case("services")
    record = manifests.record["metadata"]["name"]
    policies = pulls.read(manifests.pod["metadata"]["annotations"])
    assert max(map(len, policies.values())) == 2
    second = pulls.attempt_of(manifests.pod, record, 1)
    assert second["metadata"]["name"] == f"{record}-1"
    assert second["metadata"]["labels"][ATTEMPT] == "1"
    assert _policies(manifests.pod)["build"] == "IfNotPresent"
    assert _policies(second) == {
        "helper": "Always",
        "build": "Always",
        "db": "Always",
        "svc-1": "Always",
        "svc-2": "Always",
    }
    assert _policies(pulls.attempt_of(manifests.pod, record, 7)) == _policies(second)


def test_a_pod_without_policies_has_one_attempt() -> None:
    manifests = build_case("plain")
    assert pulls.read(manifests.pod["metadata"]["annotations"]) == {}
    assert _policies(pulls.attempt_of(manifests.pod, "r", 1)) == {"helper": "", "build": ""}


def test_first_attempt_is_the_manifest_itself() -> None:
    manifests = build_case("pull-policies")
    record = manifests.record["metadata"]["name"]
    assert pulls.attempt_of(manifests.pod, record, 0) == manifests.pod
