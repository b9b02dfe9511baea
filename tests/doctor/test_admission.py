"""What the API server's refusals mean: its own sentences, and the line each becomes."""

from __future__ import annotations

import pytest

from podlane.doctor.admission import findings
from podlane.doctor.finding import in_one_line, ok, without_credentials
from podlane.errors import Rejected

POD = 'pods "podlane-doctor" is forbidden: '
REFUSALS = (
    (
        POD + "exceeded quota: q, requested: limits.memory=128Mi, used: limits.memory=0, "
        "limited: limits.memory=64Mi",
        "quota and limits",
        "FAIL",
        "lower `memory_limit` and `helper_memory_limit`",
    ),
    (
        POD + "exceeded quota: q, requested: cpu=2,pods=1, used: cpu=1500m,pods=3, "
        "limited: cpu=3,pods=10",
        "quota and limits",
        "warn",
        "lower `concurrent`",
    ),
    (
        POD
        + "failed quota: q: must specify limits.cpu for: build,helper; requests.memory for: build",
        "quota and limits",
        "FAIL",
        "`cpu_limit` and `helper_cpu_limit`, `memory_request` and `helper_memory_request`",
    ),
    (
        POD + "maximum memory usage per Container is 16Mi, but limit is 32Mi",
        "quota and limits",
        "FAIL",
        "describe limitrange",
    ),
    (
        POD + "minimum cpu usage per Pod is 100m, but request is 10m",
        "quota and limits",
        "FAIL",
        "describe limitrange",
    ),
    (
        POD + 'violates PodSecurity "baseline:latest": privileged (container "build" must not set '
        "securityContext.privileged=true)",
        "pod security",
        "FAIL",
        "`privileged`",
    ),
    (
        POD + "no PriorityClass with name urgent was found",
        "admission",
        "FAIL",
        "kubectl create priorityclass urgent --value=0",
    ),
    (
        POD + 'pod rejected: RuntimeClass "gvisor" not found',
        "admission",
        "FAIL",
        "`runtime_class_name`",
    ),
    (
        'admission webhook "images.example.com" denied the request: no such registry',
        "admission",
        "FAIL",
        "a rule of the cluster",
    ),
)


@pytest.mark.parametrize(("said", "check", "state", "fix"), REFUSALS)
def test_a_refusal_is_told_by_one_line(said: str, check: str, state: str, fix: str) -> None:
    found = list(findings("ci", Rejected(said, service="kubernetes", status=403), {}))
    told = [one for one in found if one.state in ("FAIL", "warn")]
    assert [(one.check, one.state) for one in told] == [(check, state)]
    assert fix in told[0].fix
    others = {one.check for one in found if one.check != check}
    assert others <= {"quota and limits", "pod security"}


def test_without_the_right_to_try_nothing_is_known() -> None:
    said = 'pods is forbidden: User "jane" cannot create resource "pods" in API group ""'
    found = list(findings("ci", Rejected(said, service="kubernetes", status=403), None))
    assert {one.state for one in found} == {"skip"}
    assert all("right to create pods" in one.message for one in found)


def test_nothing_refused_is_well() -> None:
    labels = {"pod-security.kubernetes.io/enforce": "restricted"}
    found = {one.check: one for one in findings("ci", None, labels)}
    assert {one.state for one in found.values()} == {"ok"}
    assert "ci enforces restricted" in found["pod security"].message


def test_lines_hold_neither_line_ends_nor_credentials() -> None:
    assert in_one_line(ok("x", "one\n  - two")).message == "one - two"
    assert without_credentials("https://u:p@host:1/a@b") == "https://host:1/a@b"
    assert without_credentials("https://host/a") == "https://host/a"
