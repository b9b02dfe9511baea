"""Which rights the manager needs, derived from the config: exactly the verbs it uses, where it
uses them. Nobody gets exec or attach; `pods/log` stands only where service logs are asked for.

A test plays the scenarios and holds that no other verb is used and each one is.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec

from podlane.core.config.model import Config, RunnerConfig
from podlane.core.deploy.wish import Manifest, Wish, metadata

RBAC = "rbac.authorization.k8s.io"
Rules = dict[tuple[str, str], set[str]]  # (API group, resource) → verbs


class Reach(msgspec.Struct, frozen=True):
    """Rules by namespace, and those that no namespace bounds; `why` says why there are such."""

    namespaces: Mapping[str, Rules]
    everywhere: Rules = {}
    why: tuple[str, ...] = ()


def rights(config: Config, namespace: str, secret: str) -> Reach:
    """`namespace` and `secret`: the manager's own, where it keeps a rotated token."""
    found: dict[str, Rules] = {}
    for runner in config.runners:
        if runner.kubernetes.host:  # it brings an account of its own
            continue
        place = runner.kubernetes.namespace or namespace
        _add(found.setdefault(place, {}), _of_jobs(runner))
    return Reach(found)


def _of_jobs(runner: RunnerConfig) -> Rules:
    kubernetes = runner.kubernetes
    found: Rules = {
        ("", "secrets"): {"create", "get", "list", "watch", "delete"},
        ("", "pods"): {"create", "get", "list", "watch", "patch", "delete"},
    }
    if kubernetes.print_pod_warning_events:
        found["", "events"] = {"list"}
    if runner.podlane.service_logs:
        found["", "pods/log"] = {"get"}
    return found


def manifests(wish: Wish, reach: Reach) -> tuple[Manifest, ...]:
    """A Role and its binding in each namespace, and a ClusterRole where there is no other way."""
    found: list[Manifest] = []
    for namespace, rules in sorted(reach.namespaces.items()):
        meta = metadata(wish, _name(wish, namespace), namespace)
        found += [_role("Role", meta, rules), _binding("Role", meta, wish)]
    if reach.everywhere:
        meta = metadata(wish, f"{wish.namespace}-{wish.name}", None)
        meta["annotations"] = {"podlane.dev/why": "; ".join(reach.why)}
        found += [_role("ClusterRole", meta, reach.everywhere), _binding("ClusterRole", meta, wish)]
    return tuple(found)


def _name(wish: Wish, namespace: str) -> str:
    """Two managers in two namespaces may both reach a third."""
    return wish.name if namespace == wish.namespace else f"{wish.namespace}-{wish.name}"


def _role(kind: str, meta: Manifest, rules: Rules) -> Manifest:
    return {
        "apiVersion": f"{RBAC}/v1",
        "kind": kind,
        "metadata": meta,
        "rules": [
            {"apiGroups": [group], "resources": [resource], "verbs": sorted(verbs)}
            for (group, resource), verbs in sorted(rules.items())
        ],
    }


def _binding(kind: str, meta: Manifest, wish: Wish) -> Manifest:
    return {
        "apiVersion": f"{RBAC}/v1",
        "kind": f"{kind}Binding",
        "metadata": {key: value for key, value in meta.items() if key != "annotations"},
        "roleRef": {"apiGroup": RBAC, "kind": kind, "name": meta["name"]},
        "subjects": [{"kind": "ServiceAccount", "name": wish.name, "namespace": wish.namespace}],
    }


def _add(into: Rules, rules: Rules) -> None:
    for key, verbs in rules.items():
        into.setdefault(key, set()).update(verbs)


def all_verbs(rules: Iterable[Rules]) -> set[tuple[str, str, str]]:
    """Each right as (API group, resource, verb)."""
    return {(*key, verb) for one in rules for key, verbs in one.items() for verb in verbs}
