"""Every value of the list: its verdict is true, and it stands in the schema and on the page."""

from __future__ import annotations

import json
from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from helm.catalogue import CHART, PAGE, SCHEMA, Value, page, schema, values
from helm.chart import NEEDED, Rendered, notes, render
from podlane import __version__

LISTED = {one.value: one for one in values()}
CONFIG = """
[[runners]]
  [runners.kubernetes]
    image = "alpine"
"""
BASE: dict[str, Any] = {**NEEDED, "runners": {"config": CONFIG}}
SAMPLES: dict[str, Any] = {
    "gitlabUrl": "https://other.test",
    "runnerRegistrationToken": "glrt-other",
    "image": "registry.test/podlane:2",
    "imagePullPolicy": "Always",
    "imagePullSecrets": [{"name": "pull"}],
    "logFormat": "json",
    "connectionMaxAge": "5m",
    "rbac.create": False,
    "rbac.namespaces": ["team-a"],
    "rbac.rules": [{"resources": ["configmaps"], "verbs": ["get"]}],
    "rbac.imagePullSecrets": ["pull"],
    "serviceAccount.create": False,
    "serviceAccount.imagePullSecrets": ["pull"],
    "service.type": "NodePort",
    "service.metrics.nodePort": 30252,
    "service.additionalPorts": [{"name": "x", "port": 1}],
    "runners.config": CONFIG.replace("alpine", "busybox"),
    "runners.executor": "docker",
    "runners.nodeTolerations": [{"key": "a", "value": "b", "effect": "NoSchedule"}],
    "extraEnvFrom": {"A": {"secretKeyRef": {"name": "s", "key": "k"}}},
    "extraObjects": [{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "more"}}],
    "envVars": [{"name": "A", "value": "b"}],
    "secrets": [{"name": "s"}],
    "volumes": [{"name": "v", "emptyDir": {}}],
    "volumeMounts": [{"name": "tmp", "mountPath": "/v"}],
    "hpa.metrics": [{"type": "Resource"}],
    "hostAliases": [{"ip": "10.0.0.1", "hostnames": ["a"]}],
    "runners.maximumTimeout": "60",
    "sessionServer.nodePort": 30000,
}
BY_TYPE = {"text": "other", "whole": 7, "flag": True, "map": {"a": "b"}, "list": ["a"], "any": "1"}
WITH: dict[str, dict[str, Any]] = {
    "runnerRegistrationToken": {"runnerToken": ""},
    "rbac.serviceAccountName": {"rbac": {"create": False}},
    "certificatesInJobs": {"certsSecretName": "certs"},
    "runners.secret": {"runnerToken": ""},
    "runners.jobNamespace": {},
    "runners.image": {"runners": {"config": "[[runners]]"}},
    "runners.cache.secretName": {"runners": {"cache": {"cacheType": "s3"}}},
    "hpa.minReplicas": {"hpa": {"maxReplicas": 9}},
    "hpa.metrics": {"hpa": {"maxReplicas": 9}},
}
ENABLED = ("service", "metrics.serviceMonitor")  # nothing of them matters before
GROUPS = {  # maps that say nothing but by what is in them
    one.value
    for one in values()
    if one.type in ("map", "any") and any(other.startswith(f"{one.value}.") for other in LISTED)
} - {"image"}
LEAVES = [one for one in values() if one.value not in GROUPS and not one.says.startswith("see ")]


def nested(path: str, value: Any) -> dict[str, Any]:
    for name in reversed(path.split(".")):
        value = {name: value}
    assert isinstance(value, dict)
    return value


def merged(one: dict[str, Any], other: dict[str, Any]) -> dict[str, Any]:
    found = dict(one)
    for key, value in other.items():
        both = isinstance(value, dict) and isinstance(found.get(key), dict)
        found[key] = merged(found[key], value) if both else value
    return found


@lru_cache(maxsize=8)
def _rendered(text: str) -> Rendered:
    return render(json.loads(text))


def plain_render(asked: dict[str, Any]) -> Rendered:
    """The same values are rendered once."""
    return _rendered(json.dumps(asked))


def sampled(one: Value) -> tuple[dict[str, Any], dict[str, Any]]:
    """Values without it and with it."""
    before = merged(BASE, WITH.get(one.value, {}))
    for group in ENABLED:
        if one.value.startswith(f"{group}.") and one.value != f"{group}.enabled":
            before = merged(before, nested(f"{group}.enabled", True))
    sample = SAMPLES.get(one.value, BY_TYPE[one.type])
    return before, merged(before, nested(one.value, sample))


@pytest.mark.parametrize("one", LEAVES, ids=[one.value for one in LEAVES])
def test_what_is_said_of_it_is_true(one: Value, tmp_path: Path) -> None:
    before, after = sampled(one)
    found = render(after)
    match one.verdict:
        case "refused":
            assert f"`{one.value}` is refused" in found.refused
        case "ignored":
            assert found == plain_render(before)
            assert f"{one.value}: {one.says}" in notes(after, tmp_path)
        case _ if one.value == "runners.executor":
            assert "`runners.executor` is docker" in found.refused
        case _:
            assert not found.refused
            assert found.objects
            assert found != plain_render(before)


@pytest.mark.parametrize("are_groups", [False, True], ids=["values", "groups"])
def test_a_wrong_type_is_named(are_groups: bool) -> None:
    """Of all at once: helm names each."""
    asked: dict[str, Any] = {}
    wrong = [one for one in values() if one.type != "any" and (one.value in GROUPS) == are_groups]
    outer = [one for one in wrong if not any(one.value.startswith(f"{o.value}.") for o in wrong)]
    for one in outer:
        asked = merged(asked, nested(one.value, "seven" if one.type == "whole" else 7))
    refused = render(asked).refused
    assert "don't meet the specifications of the schema" in refused
    assert not [one.value for one in outer if f"{one.value}: " not in refused.replace("(root)", "")]


def test_a_value_fills_only_what_the_config_leaves_open() -> None:
    text = '[[runners]]\n[runners.kubernetes]\nprivileged = false\nIMAGE = "mine"'
    runners = {"config": text, "privileged": True, "image": "other", "pollTimeout": 9}
    config = render(merged(BASE, {"runners": runners})).config
    for line in ('IMAGE = "mine"', "privileged = false", "poll_timeout = 9"):
        assert line in config
    assert "other" not in config


@pytest.mark.helm_free
def test_schema_and_page_are_what_make_reference_writes() -> None:
    assert SCHEMA.read_text() == schema(), "run `make reference` and review the difference"
    assert PAGE.read_text() == page(), "run `make reference` and review the difference"


@pytest.mark.helm_free
def test_the_chart_is_of_this_version() -> None:
    chart = yaml.safe_load((CHART / "Chart.yaml").read_text())
    assert (chart["version"], chart["appVersion"]) == (__version__, __version__)


@pytest.mark.helm_free
def test_every_value_of_the_chart_and_of_the_official_one_is_listed() -> None:
    own = set(_paths(yaml.safe_load((CHART / "values.yaml").read_text())))
    listed = (Path(__file__).parent / "official-values.txt").read_text().split()
    beneath = {name for name in own if any(name.startswith(f"{top}.") for top in _opaque())}
    assert (own - beneath) | set(listed) <= set(LISTED)
    official = {one.value for one in values() if one.verdict != "own"}
    assert official <= {*listed, *(part for name in listed for part in _parents(name))}


def _paths(value: dict[str, Any], before: str = "") -> list[str]:
    found = []
    for key, inner in value.items():
        found.append(f"{before}{key}")
        if isinstance(inner, dict):
            found += _paths(inner, f"{before}{key}.")
    return found


def _opaque() -> set[str]:
    """Maps whose keys are Kubernetes' own."""
    return {"securityContext", "podSecurityContext", "resources", "strategy"}


def _parents(name: str) -> list[str]:
    parts = name.split(".")
    return [".".join(parts[:count]) for count in range(1, len(parts))]
