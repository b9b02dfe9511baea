"""The objects of a deployment: what they hold, and what they must not."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest

from podlane.core.config.check import check
from podlane.core.deploy.manifests import manifests
from podlane.core.deploy.secrets import without_secrets
from podlane.core.deploy.wish import Extras, Wish

TEXT = """\
concurrent = 4
[[runners]]
  name = "one"
  url = "https://gitlab.test"
  token = "glrt-hidden-token"
  executor = "kubernetes"
  [runners.kubernetes]
    namespace = "{namespace}"
    {more}
"""


def wish(more: str = "", namespace: str = "podlane", **options: Any) -> Wish:
    text, secrets = without_secrets(TEXT.format(namespace=namespace, more=more))
    revealed = {name: token.reveal() for name, token in secrets.items()}
    config = check(text, revealed).config
    return Wish(text, config, secrets, image="registry.test/podlane:1", **options)


def made(wanted: Wish) -> dict[str, Any]:
    return {f"{one['kind']}/{one['metadata']['name']}": one for one in manifests(wanted)}


def rights(found: dict[str, Any], kind: str = "Role") -> set[tuple[str, str]]:
    return {
        (resource, verb)
        for one in found.values()
        if one["kind"] == kind
        for rule in one["rules"]
        for resource in rule["resources"]
        for verb in rule["verbs"]
    }


def test_what_a_plain_deployment_is_made_of() -> None:
    found = made(wish())
    assert list(found) == [
        "Namespace/podlane",
        "ServiceAccount/podlane",
        "Role/podlane",
        "RoleBinding/podlane",
        "Secret/podlane",
        "ConfigMap/podlane",
        "Deployment/podlane",
    ]
    spec = found["Deployment/podlane"]["spec"]
    container = spec["template"]["spec"]["containers"][0]
    assert (spec["replicas"], spec["revisionHistoryLimit"]) == (1, 0)
    assert container["args"] == ["run"]
    assert container["resources"]["limits"] == {"cpu": "100m", "memory": "100Mi"}
    assert container["securityContext"]["readOnlyRootFilesystem"] is True
    assert spec["template"]["spec"]["securityContext"]["runAsUser"] == 1000
    assert spec["template"]["spec"]["automountServiceAccountToken"] is False


def test_the_token_stands_in_the_secret_only() -> None:
    found = made(wish())
    secret = found.pop("Secret/podlane")
    assert list(secret["data"]) == ["PODLANE_TOKEN_1"]
    for text in ("glrt-hidden-token", secret["data"]["PODLANE_TOKEN_1"]):
        assert text not in json.dumps(found)
    assert '"$PODLANE_TOKEN_1"' in found["ConfigMap/podlane"]["data"]["config.toml"]


def test_nobody_may_exec_attach_or_read_logs() -> None:
    found = rights(made(wish()))
    assert not [one for one in found if "/" in one[0]]
    assert ("pods/log", "get") in rights(made(_with_service_logs()))
    assert {verb for _, verb in found} <= {"create", "get", "list", "watch", "patch", "delete"}


def _with_service_logs() -> Wish:
    return wish("[runners.podlane]\n    service_logs = true")


def test_jobs_elsewhere_have_the_role_there() -> None:
    found = made(wish(namespace="jobs"))
    role = found["Role/podlane-podlane"]
    assert role["metadata"]["namespace"] == "jobs"
    binding = found["RoleBinding/podlane-podlane"]
    assert binding["subjects"][0]["namespace"] == "podlane"
    assert found["ConfigMap/podlane"]["metadata"]["annotations"]["podlane.dev/namespaces"] == "jobs"


def test_a_list_of_namespaces_is_a_role_in_each() -> None:
    found = manifests(wish('namespace_overwrite_allowed = "^(one|two)$"'))
    places = [one["metadata"]["namespace"] for one in found if one["kind"] == "Role"]
    assert sorted(places) == ["one", "podlane", "two"]
    assert not [one for one in found if one["kind"].startswith("Cluster")]


@pytest.mark.parametrize(
    ("more", "why", "may_make"),
    [
        (
            'namespace_overwrite_allowed = "ci-.*"',
            'namespace_overwrite_allowed "ci-.*" of the runner one, which is open to any namespace',
            False,
        ),
        ("namespace_per_job = true", "namespace_per_job of the runner one", True),
    ],
)
def test_any_namespace_is_a_cluster_role_that_says_why(
    more: str, why: str, *, may_make: bool
) -> None:
    found = made(wish(more))
    role = found["ClusterRole/podlane-podlane"]
    assert role["metadata"]["annotations"]["podlane.dev/why"] == why
    noted = found["ConfigMap/podlane"]["metadata"]["annotations"]["podlane.dev/namespaces"]
    assert noted == "*"
    assert (("namespaces", "create") in rights(found, "ClusterRole")) is may_make
    assert rights(found) == set()


def test_rights_that_only_some_configs_need() -> None:
    assert ("poddisruptionbudgets", "create") not in rights(made(wish()))
    found = made(wish("pod_disruption_budget = true"))
    assert ("poddisruptionbudgets", "create") in rights(found)
    assert ("events", "list") in rights(found)
    silent = "print_pod_warning_events = false\n"
    assert ("events", "list") not in rights(made(wish(silent)))
    flag = "[runners.feature_flags]\nFF_PRINT_POD_EVENTS = true"
    assert ("events", "list") in rights(made(wish(silent + flag)))


def test_a_runner_with_its_own_account_needs_none_of_ours() -> None:
    found = made(wish('host = "https://api.test"\n    bearer_token = "bearer"'))
    assert "Role/podlane" not in found
    volumes = found["Deployment/podlane"]["spec"]["template"]["spec"]["volumes"]
    assert "account" not in [one["name"] for one in volumes]
    assert sorted(found["Secret/podlane"]["data"]) == [
        "PODLANE_KUBERNETES_BEARER_TOKEN_1",
        "PODLANE_TOKEN_1",
    ]


@pytest.mark.parametrize("replicas", [1, 2])
def test_a_budget_and_ids_of_their_own_from_two_managers_on(replicas: int) -> None:
    found = made(wish(replicas=replicas))
    env = found["Deployment/podlane"]["spec"]["template"]["spec"]["containers"][0]["env"]
    assert ("PodDisruptionBudget/podlane" in found) is (replicas > 1)
    names = [one["name"] for one in env]
    assert "PODLANE_SYSTEM_ID" in names
    assert ("PODLANE_REPLICAS" in names) is ("PODLANE_POD" in names) is (replicas > 1)
    leases = [one for one in found.values() if one["kind"] == "Lease"]
    assert len(leases) == (replicas if replicas > 1 else 0)
    own = [rule for rule in found["Role/podlane"]["rules"] if rule["resources"] == ["leases"]]
    assert [rule["verbs"] for rule in own] == ([["list", "watch"], ["patch"]] if leases else [])
    assert own[1:] == [] or own[1]["resourceNames"] == [one["metadata"]["name"] for one in leases]
    strategy = found["Deployment/podlane"]["spec"]["strategy"]
    assert strategy["type"] == ("Recreate" if replicas == 1 else "RollingUpdate")


def test_what_is_made_on_request() -> None:
    extras = Extras(network_policy=True, service_monitor=True)
    found = made(wish(extras=extras, certificates={"ours.crt": "PEM"}))
    for name in ("NetworkPolicy", "Service", "ServiceMonitor"):
        assert f"{name}/podlane" in found
    assert found["ConfigMap/podlane-certificates"]["data"] == {"ours.crt": "PEM"}


def test_another_token_or_config_starts_a_new_manager() -> None:
    def checksum(wanted: Wish) -> str:
        template = made(wanted)["Deployment/podlane"]["spec"]["template"]
        return str(template["metadata"]["annotations"]["podlane.dev/config"])

    first = wish()
    assert checksum(first) == checksum(wish())
    for key, value in (("secrets", {}), ("config_text", "x"), ("certificates", {"a": "b"})):
        assert checksum(msgspec.structs.replace(first, **{key: value})) != checksum(first)


def test_the_secret_of_the_tokens_may_be_patched_only_where_one_ends() -> None:
    plain = wish()
    assert ("secrets", "patch") not in rights(made(plain))
    (runner,) = plain.config.runners
    for host in ("", "https://elsewhere.test"):
        ends = msgspec.structs.replace(
            runner,
            token_expires_at="2030-01-01T00:00:00+00:00",
            kubernetes=msgspec.structs.replace(runner.kubernetes, host=host),
        )
        config = msgspec.structs.replace(plain.config, runners=(ends,))
        found = made(msgspec.structs.replace(plain, config=config))
        rules = [one for one in found["Role/podlane"]["rules"] if "patch" in one["verbs"]]
        assert [one.get("resourceNames") for one in rules if one["resources"] == ["secrets"]] == [
            ["podlane"]
        ]
        volumes = found["Deployment/podlane"]["spec"]["template"]["spec"]["volumes"]
        assert "account" in [one["name"] for one in volumes]
