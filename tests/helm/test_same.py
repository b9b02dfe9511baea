"""The chart and `podlane deploy` make the same objects of the same config.

What differs on purpose is taken out here, and nowhere else: labels of either, the order of keys,
the mark of a changed config, and the namespace and the note of namespaces, which only
`podlane deploy` keeps.
"""

from __future__ import annotations

import base64
import copy
import tomllib
from pathlib import Path
from typing import Any

import pytest
import tomlkit

from helm.chart import Manifest, render
from podlane import __version__
from podlane.core.deploy.manifests import manifests
from podlane.core.deploy.wish import Extras
from podlane.deploy.prepare import Order, prepare

HEAD = """
[[runners]]
  name = "one"
  url = "https://gitlab.test"
  token = "glrt-hidden-token"
  executor = "kubernetes"
"""
PLAIN = '[runners.kubernetes]\nimage = "alpine:3"'
ENDS = "token_expires_at = 2099-01-01T00:00:00Z\n"
CONFIGS = {
    "plain": PLAIN,
    "elsewhere": '[runners.kubernetes]\nnamespace = "jobs"\nprint_pod_warning_events = false',
    "all-verbs": """
      [runners.podlane]
        service_logs = true
      [runners.kubernetes]
        pod_disruption_budget = true
        namespace_overwrite_allowed = "^(team-b|team-a|ci)$"
        [runners.kubernetes.autoscaler]
          [[runners.kubernetes.autoscaler.policy]]
            idle_count = 1
    """,
    "events-by-a-flag": """
      [runners.feature_flags]
        FF_PRINT_POD_EVENTS = true
      [runners.kubernetes]
        print_pod_warning_events = false
    """,
    "one-other": '[runners.kubernetes]\nnamespace_overwrite_allowed = "^staging$"',
    "pauses-of-a-class": """
      [runners.kubernetes]
        namespace = "jobs"
        [runners.kubernetes.autoscaler]
          pause_pod_priority_class_name = "low"
          [[runners.kubernetes.autoscaler.policy]]
            idle_count = 1
    """,
    "own-access": '[runners.kubernetes]\nhost = "https://k8s.test"\nbearer_token = "hidden"',
    "cache": """
      [runners.cache]
        Type = "s3"
        [runners.cache.s3]
          AccessKey = "key"
          secretkey = "hidden"
          BucketName = "caches"
    """,
    "ending-token": ENDS + PLAIN,
    "ending-token-elsewhere": ENDS + '[runners.kubernetes]\nnamespace = "jobs"',
    "kept-token": ENDS + "[runners.feature_flags]\nFF_DISABLE_AUTOMATIC_TOKEN_ROTATION = true",
}
WIDE = {
    "per-job": "[runners.kubernetes]\nnamespace_per_job = true",
    "open-pattern": '[runners.kubernetes]\nnamespace_overwrite_allowed = "^team-"',
    "open-choice": '[runners.kubernetes]\nnamespace_overwrite_allowed = "^one|two$"',
    "pauses-anywhere": """
      [runners.kubernetes]
        namespace_per_job = true
        [runners.kubernetes.autoscaler]
          [[runners.kubernetes.autoscaler.policy]]
            idle_count = 1
    """,
}
EXTRAS = {
    "networkPolicy": {"enabled": True},
    "metrics": {"serviceMonitor": {"enabled": True}},
    "replicas": 2,
}


def by_deploy(folder: Path, config: str, **options: Any) -> tuple[Manifest, ...]:
    path = folder / "config.toml"
    path.write_text(f"concurrent = 10\n{HEAD}{config}")
    order = Order(path, f"podlane:{__version__}", "runner-podlane", "ci", **options)
    return manifests(prepare(order, {})[0])


def by_helm(config: str, **values: Any) -> tuple[Manifest, ...]:
    """With the values that say what HEAD says."""
    values = {
        "gitlabUrl": "https://gitlab.test",
        "runnerToken": "glrt-hidden-token",
        "runners": {"name": "one", "config": f"[[runners]]\n{config}"},
        **values,
    }
    found = render(values)
    assert not found.refused
    return found.objects


def plain(objects: tuple[Manifest, ...]) -> dict[str, Manifest]:
    """By kind, namespace and name, without what differs on purpose."""
    found = {}
    for one in copy.deepcopy(objects):
        if one["kind"] == "Namespace":
            continue
        meta = one["metadata"]
        labels = meta.pop("labels").items()
        if own := {name: value for name, value in labels if name.startswith("podlane.dev/")}:
            meta["labels"] = own
        meta.get("annotations", {}).pop("podlane.dev/namespaces", "")
        _without_labels(one.get("spec", {}))
        for name in one.get("data", {}):
            one["data"][name] = _read(name, one["data"][name], one["kind"])
        key = f"{one['kind']} {meta.get('namespace', '')}/{meta['name']}"
        found[key] = _sorted(one)
    return found


def _without_labels(spec: dict[str, Any]) -> None:
    for selector in ("selector", "podSelector"):
        spec.pop(selector, None)
    for spread in spec.get("template", {}).get("spec", {}).get("topologySpreadConstraints", ()):
        del spread["labelSelector"]
    if "template" in spec:
        meta = spec["template"]["metadata"]
        del meta["labels"], meta["annotations"]["podlane.dev/config"]
        container = spec["template"]["spec"]["containers"][0]
        assert container.pop("imagePullPolicy", "IfNotPresent") == "IfNotPresent"
    if spec.get("type") == "ClusterIP":  # of a Service: the default, said
        del spec["type"]


def _read(name: str, text: str, kind: str) -> Any:
    if kind == "Secret":
        return base64.b64decode(text).decode()
    return tomllib.loads(text) if name.endswith(".toml") else text


def _sorted(value: Any) -> Any:
    """Lists whose order means nothing, in one order; keys of TOML in one case; no empty maps."""
    if isinstance(value, dict):
        cleaned = {_folded(key): _sorted(one) for key, one in value.items()}
        return {key: one for key, one in sorted(cleaned.items()) if one not in ({}, None)}
    if isinstance(value, list):
        return sorted(map(_sorted, value), key=repr)
    return value


def _folded(key: str) -> str:
    return "SecretKey" if key == "secretkey" else key


@pytest.mark.parametrize("config", CONFIGS.values(), ids=CONFIGS)
def test_the_chart_makes_what_deploy_makes(config: str, tmp_path: Path) -> None:
    assert plain(by_helm(config)) == plain(by_deploy(tmp_path, config))


@pytest.mark.parametrize("config", WIDE.values(), ids=WIDE)
def test_where_no_namespace_bounds_the_rights(config: str, tmp_path: Path) -> None:
    found = plain(by_helm(config, rbac={"clusterWideAccess": True}))
    assert found == plain(by_deploy(tmp_path, config))


@pytest.mark.parametrize("config", CONFIGS.values(), ids=CONFIGS)
def test_with_all_that_is_made_on_request(config: str, tmp_path: Path) -> None:
    extras = Extras(network_policy=True, service_monitor=True)
    expected = plain(by_deploy(tmp_path, config, replicas=2, extras=extras))
    assert plain(by_helm(config, **EXTRAS)) == expected


def test_the_words_of_a_file_come_through() -> None:
    """Every kind of value that TOML has, out of Go's reading and writing of it."""
    config = """
      limit = 3
      strict_check_interval = true
      environment = ["A=$B", "C='\\"x\\"'", "D=é"]
      pre_build_script = '''
echo "one\\ttwo"
      '''
      [runners.kubernetes]
        [runners.kubernetes.pod_labels]
          "a.b/c" = "1.5"
        [runners.kubernetes.autoscaler]
          [[runners.kubernetes.autoscaler.policy]]
            scale_factor = 1.5
            periods = ["* * * * *"]
    """
    (found,) = (one for one in by_helm(config) if one["kind"] == "ConfigMap")
    runner = tomllib.loads(found["data"]["config.toml"])["runners"][0]
    asked = tomlkit.parse(f"[[runners]]\n{config}").unwrap()["runners"][0]
    asked["kubernetes"]["namespace"] = "ci"
    own = {"name", "url", "token", "executor"}
    assert {key: value for key, value in runner.items() if key not in own} == asked
