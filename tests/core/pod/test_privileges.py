"""What containers may do: capabilities and profiles, and what a pod without root gets by itself."""

from __future__ import annotations

from typing import Any

import pytest

from golden.cases import build_case
from harness.pod_security import violation
from podlane.core.config.parse import parse
from podlane.core.plan.model import Owner
from podlane.core.pod.literal import without_empty
from podlane.core.pod.security import (
    build_security_context,
    helper_security_context,
    pod_security_context,
    service_security_context,
)

RUNNER = "[[runners]]\nurl = 'https://g.example'\ntoken = 't'\n[runners.kubernetes]\n"
POD = "[runners.kubernetes.pod_security_context]\n"
BUILD = "[runners.kubernetes.build_container_security_context]\n"
HELPER = "[runners.kubernetes.helper_container_security_context]\n"
SERVICE = "[runners.kubernetes.service_container_security_context]\n"
LISTS = "[runners.kubernetes.build_container_security_context.capabilities]\n"
NOT_ROOT = "run_as_non_root = true\nrun_as_user = 1234567\n"
SECCOMP = "[runners.kubernetes.pod_security_context.seccomp_profile]\n"


def pod(text: str) -> dict[str, Any]:
    kubernetes = parse(RUNNER + text, {})[0].runners[0].kubernetes
    build = kubernetes.build_container_security_context
    contexts = {
        "build": build_security_context(kubernetes, Owner(uid=build.run_as_user)),
        "helper": helper_security_context(kubernetes),
        "service": service_security_context(kubernetes, Owner()),
    }
    containers = [{"name": name, "securityContext": own} for name, own in contexts.items()]
    spec = {"securityContext": pod_security_context(kubernetes), "containers": containers}
    made: dict[str, Any] = without_empty({"spec": spec})
    return made


def context(text: str, name: str = "build") -> dict[str, Any]:
    found = {one["name"]: one for one in pod(text)["spec"]["containers"]}
    own: dict[str, Any] = found[name].get("securityContext", {})
    return own


@pytest.mark.parametrize(
    ("text", "add", "drop"),
    [
        ("", [], ["NET_RAW"]),
        ("cap_add = ['NET_RAW']", ["NET_RAW"], []),
        ("cap_add = ['sys_ptrace', 'CAP_SYS_TIME']", ["SYS_PTRACE", "SYS_TIME"], ["NET_RAW"]),
        ("cap_add = ['KILL', 'CHOWN']\ncap_drop = ['KILL']", ["CHOWN"], ["KILL", "NET_RAW"]),
        ("cap_add = ['NET_RAW']\ncap_drop = ['NET_RAW']", [], ["NET_RAW"]),
        ("cap_drop = ['ALL']\ncap_add = ['CHOWN']", ["CHOWN"], ["ALL", "NET_RAW"]),
        ("cap_drop = ['KILL']\n" + LISTS + "drop = ['CHOWN']", [], ["CHOWN"]),
        ("cap_drop = ['KILL']\n" + LISTS + "drop = []", [], []),
        ("cap_add = ['KILL']\n" + LISTS + "add = ['CHOWN']", ["CHOWN"], ["NET_RAW"]),
        ("cap_add = ['KILL']\n" + LISTS + "add = []", [], ["NET_RAW"]),
        (LISTS + "add = ['NET_RAW']", ["NET_RAW"], []),
        (LISTS + "add = ['KILL', 'CHOWN']\ndrop = ['KILL']", ["CHOWN"], ["KILL"]),
        (
            "cap_add = ['KILL']\ncap_drop = ['KILL']\n" + LISTS + "drop = ['ALL']",
            [],
            ["ALL"],
        ),
        (POD + NOT_ROOT, [], ["ALL"]),
        ("cap_add = ['NET_BIND_SERVICE']\n" + POD + NOT_ROOT, ["NET_BIND_SERVICE"], ["ALL"]),
        ("cap_add = ['ALL']\n" + POD + NOT_ROOT, ["ALL"], ["NET_RAW"]),
        (POD + NOT_ROOT + LISTS + "drop = ['KILL']", [], ["KILL"]),
    ],
)
def test_capabilities(text: str, add: list[str], drop: list[str]) -> None:
    found = context(text).get("capabilities", {})
    assert (found.get("add", []), found.get("drop", [])) == (add, drop)


RESTRICTED = [
    POD + NOT_ROOT,
    "cap_add = ['NET_BIND_SERVICE']\n" + POD + NOT_ROOT,
    "cap_drop = ['KILL']\n" + POD + NOT_ROOT,
    "privileged = false\nallow_privilege_escalation = false\n" + POD + NOT_ROOT,
    POD + "run_as_non_root = true",
    BUILD + NOT_ROOT + HELPER + NOT_ROOT + SERVICE + NOT_ROOT,
    POD
    + "run_as_non_root = true\n"
    + "".join(f"{one}run_as_user = 7\n" for one in (BUILD, HELPER, SERVICE)),
    POD + NOT_ROOT + SECCOMP + "type = 'Localhost'\nlocalhost_profile = 'ci'",
    POD + NOT_ROOT + SECCOMP + "type = 'strictest'",
]


@pytest.mark.parametrize("text", RESTRICTED)
def test_pod_without_root_is_restricted_by_itself(text: str) -> None:
    assert violation(pod(text), "restricted") == ""


def test_whole_pod_of_two_keys_is_restricted() -> None:
    assert violation(build_case("security-not-root").pod, "restricted") == ""
    assert "runAsNonRoot != true" in violation(build_case("services").pod, "restricted")
    assert violation(build_case("services").pod, "baseline") == ""


@pytest.mark.parametrize(
    ("text", "own"),
    [
        ("", {"capabilities": {"drop": ["NET_RAW"]}}),
        (POD + "run_as_user = 1000", {"capabilities": {"drop": ["NET_RAW"]}}),
        (
            "privileged = true\n" + POD + NOT_ROOT,
            {"privileged": True, "capabilities": {"drop": ["NET_RAW"]}},
        ),
        (
            "allow_privilege_escalation = true\n" + POD + NOT_ROOT,
            {"allowPrivilegeEscalation": True, "capabilities": {"drop": ["NET_RAW"]}},
        ),
        (
            POD + NOT_ROOT + BUILD + "run_as_non_root = false\n",
            {"runAsNonRoot": False, "capabilities": {"drop": ["NET_RAW"]}},
        ),
    ],
)
def test_nothing_is_set_unasked_for_what_may_be_root(text: str, own: dict[str, Any]) -> None:
    assert context(text) == own


def test_each_container_is_asked_for_itself() -> None:
    text = BUILD + NOT_ROOT
    assert context(text)["allowPrivilegeEscalation"] is False
    assert context(text, "service") == {"capabilities": {"drop": ["NET_RAW"]}}
    assert context(text, "helper") == {"runAsUser": 0, "capabilities": {"drop": ["NET_RAW"]}}


@pytest.mark.parametrize(
    ("text", "uid"),
    [
        ("", 0),
        (POD + "run_as_group = 5\n", 0),
        (POD + "run_as_non_root = true\n", None),
        (POD + "run_as_user = 7\n", None),
        (HELPER + "run_as_non_root = true\n", None),
        (HELPER + "run_as_user = 7\n", 7),
        (POD + "run_as_non_root = true\n" + HELPER + "run_as_non_root = false\n", 0),
    ],
)
def test_the_helper_is_root_where_nothing_is_said_against_it(text: str, uid: int | None) -> None:
    """Its image starts as user 1000, who could not give files to whoever runs the scripts."""
    assert context(text, "helper").get("runAsUser") == uid


def test_what_the_config_says_wins() -> None:
    profile = "[runners.kubernetes.build_container_security_context.seccomp_profile]\n"
    said = context(POD + NOT_ROOT + profile + "type = 'unconfined'")
    assert said["seccompProfile"] == {"type": "Unconfined"}
    assert said["allowPrivilegeEscalation"] is False
    assert "seccompProfile" not in context(POD + NOT_ROOT + SECCOMP + "type = 'Unconfined'")
