"""Which keys the cluster's refusals lead to: the sentences are Kubernetes' own, of version 1.34."""

from __future__ import annotations

import pytest

from podlane.core.pod import evidence
from podlane.core.pod.refusals import of_admission, of_kubelet
from podlane.core.pod.state import PodState

HEAD = 'pods "x" is forbidden: violates PodSecurity "restricted:latest": '
AS_ROOT = (
    'allowPrivilegeEscalation != false (containers "helper", "build" must set '
    'securityContext.allowPrivilegeEscalation=false), unrestricted capabilities (container "build" '
    'must set securityContext.capabilities.drop=["ALL"]), runAsNonRoot != true (pod or container '
    '"build" must set securityContext.runAsNonRoot=true), seccompProfile (pod or container "build" '
    'must set securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost")'
)
UNCONFINED = 'container "b" must not set securityContext.seccompProfile.type to "Unconfined"'
TWO_KEYS = "set `run_as_non_root = true` and a `run_as_user` other than 0"


ADDS = (
    'unrestricted capabilities (containers "helper", "build" must not include "NET_ADMIN" in '
    "securityContext.capabilities.add)"
)
DROPS = (
    'unrestricted capabilities (container "build" must set '
    'securityContext.capabilities.drop=["ALL"])'
)
OF_THE_NODE = 'hostPath volumes (volume "h"), restricted volume types (volumes "h", "n" use '


@pytest.mark.parametrize(
    ("violations", "keys"),
    [
        ("privileged (container ", "`privileged`"),
        (OF_THE_NODE, "`volumes.host_path` and `volumes.nfs`"),
        (ADDS, "`cap_add` (or `capabilities.add`)"),
        (ADDS.replace("unrestricted", "non-default"), "`cap_add` (or `capabilities.add`)"),
        (
            "allowPrivilegeEscalation != false (), unrestricted capabilities (), seccompProfile ()",
            "`allow_privilege_escalation`",
        ),
        ("privileged (), allowPrivilegeEscalation != false (), seccompProfile ()", "`privileged`"),
        (DROPS, "`capabilities.drop`"),
        ("seccompProfile (pod must not", "`seccomp_profile`"),
    ],
)
def test_what_is_not_allowed_is_named_once(violations: str, keys: str) -> None:
    hint = of_admission(HEAD + violations)
    assert hint.endswith(f"not allowed there: {keys}")
    assert "`restricted`" in hint
    assert TWO_KEYS not in hint


def test_root_is_led_to_the_two_keys_and_to_no_more() -> None:
    hint = of_admission(HEAD + AS_ROOT)
    assert TWO_KEYS in hint
    assert "not allowed" not in hint
    more = of_admission(f"{HEAD}privileged (container ), {AS_ROOT}, {UNCONFINED}")
    assert TWO_KEYS in more
    assert more.endswith("not allowed there: `privileged`, `seccomp_profile`")


def test_other_refusals_are_left_alone() -> None:
    assert of_admission('pods "x" is forbidden: exceeded quota: privileged (') == ""
    assert of_kubelet('secret "a" not found', "build") == ""


NODE = [
    (
        "build",
        "container has runAsNonRoot and image will run as root (pod: ",
        ["set `run_as_user`", "[runners.kubernetes.build_container_security_context]"],
    ),
    (
        "db",
        "container has runAsNonRoot and image has non-numeric user (nobody), cannot verify",
        ["its number", "[runners.kubernetes.service_container_security_context]"],
    ),
    (
        "helper",
        "container's runAsUser breaks non-root policy (pod: ",
        ["`run_as_user` is 0", "[runners.kubernetes.helper_container_security_context]"],
    ),
    (
        "build",
        'cannot load seccomp profile "/var/lib/kubelet/seccomp/x.json": open /var/lib',
        ["`localhost_profile`", "on each node"],
    ),
    (
        "",
        "Pod was rejected: Cannot enforce AppArmor: AppArmor is not enabled on the host",
        ["`app_armor_profile`", "that of a container"],
    ),
]


@pytest.mark.parametrize(("container", "message", "words"), NODE)
def test_refusals_of_the_kubelet_name_the_keys(
    container: str, message: str, words: list[str]
) -> None:
    hint = of_kubelet(message, container)
    assert [word for word in words if word not in hint] == []


def test_pod_refused_for_its_profile_is_the_configs_fault() -> None:
    pod = PodState(
        "x", "ci", "u", "r", 0, 0, 0, phase="Failed", reason="AppArmor", message=NODE[-1][1]
    )
    finding = evidence.of_pod(pod)
    assert finding is not None
    assert finding.reason == "runner_configuration_error"
    assert "`app_armor_profile`" in finding.lines[1]


def test_a_cluster_that_chooses_the_user_is_told_from_one_with_a_standard() -> None:
    said = of_admission(
        'pods "a" is forbidden: unable to validate against any security context constraint: '
        '[provider "anyuid": Forbidden: not usable by user or serviceaccount, provider '
        "restricted-v2: .containers[0].runAsUser: Invalid value: 0: must be in the ranges: "
        "[1000680000, 1000689999]]"
    )
    assert "`run_as_non_root = true` in [runners.kubernetes.pod_security_context]" in said
    other = (
        "unable to validate against any security context constraint: runAsUser: Invalid value: 7"
    )
    assert of_admission(other) == ""
