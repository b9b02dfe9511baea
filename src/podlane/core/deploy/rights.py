"""Which rights the manager needs, derived from the config: exactly the verbs it uses, where it
uses them. Nobody gets exec or attach; `pods/log` stands only where service logs are asked for.

A test plays the scenarios and holds that no other verb is used and each one is.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec

from podlane.core.config.model import Config, RunnerConfig
from podlane.core.config.reach import Reach, reach_of
from podlane.core.config.rotation import rotates
from podlane.core.deploy.wish import ANYWHERE, WHY, Manifest, Wish, metadata

RBAC = "rbac.authorization.k8s.io"
Rules = dict[tuple[str, str], set[str]]  # (API group, resource) → verbs

_EVENTS_FLAG = "FF_PRINT_POD_EVENTS"  # jobs may set it too, which gives the manager no right
_DEPLOYMENTS = {"list", "get", "create", "update", "patch", "delete"}
_OF_PAUSE_PODS: Rules = {("apps", "deployments"): _DEPLOYMENTS}
_OF_THEIR_CLASS: Rules = {("scheduling.k8s.io", "priorityclasses"): {"get", "create"}}

_LEASES = ("coordination.k8s.io", "leases")
_OF_SEATS: Rules = {_LEASES: {"list", "watch"}}


class Rights(msgspec.Struct, frozen=True):
    """Rules by namespace, and those that no namespace bounds; `why` says why there are such."""

    namespaces: Mapping[str, Rules]
    everywhere: Rules = {}
    why: tuple[str, ...] = ()
    token_secret: str = ""  # in the manager's namespace; the one object of its kind
    seats: tuple[str, ...] = ()  # there as well: Leases, which each of several managers writes

    @property
    def places(self) -> tuple[str, ...]:
        """Where jobs can be, as the ConfigMap notes it for whoever looks for them."""
        anywhere = (ANYWHERE,) if ("", "pods") in self.everywhere else ()
        return (*self.namespaces, *anywhere)


def rights(config: Config, namespace: str, secret: str, seats: tuple[str, ...] = ()) -> Rights:
    """What the runners of `config` need. `namespace`: where the manager itself is; `secret`: where
    it keeps a token that it has rotated; `seats`: the Leases of several managers."""
    found: dict[str, Rules] = {}
    everywhere: Rules = {}
    why: list[str] = []
    for runner in config.runners:
        kubernetes = runner.kubernetes
        if kubernetes.host:  # it brings an account of its own
            continue
        reach = reach_of(msgspec.structs.replace(kubernetes, namespace=_home(runner, namespace)))
        rules = _of_jobs(runner)
        if reach.is_any:
            _add(everywhere, rules | _of_namespaces(reach))
            why.append(_why(runner, reach))
        for name in reach.names if not reach.is_any else ():
            _add(found.setdefault(name, {}), rules)
        if kubernetes.autoscaler.policy:
            _add(found.setdefault(reach.home, {}), _OF_PAUSE_PODS)
            if not kubernetes.autoscaler.pause_pod_priority_class_name:
                _add(everywhere, _OF_THEIR_CLASS)
                why.append(f"the pause pods' priority class of the runner {_named(runner)}")
    token_secret = secret if any(rotates(one) for one in config.runners) else ""
    if token_secret or seats:
        _add(found.setdefault(namespace, {}), _OF_SEATS if seats else {})
    return Rights(found, everywhere, tuple(dict.fromkeys(why)), token_secret, seats)


def _home(runner: RunnerConfig, namespace: str) -> str:
    return runner.kubernetes.namespace or namespace


def _why(runner: RunnerConfig, reach: Reach) -> str:
    pattern = runner.kubernetes.namespace_overwrite_allowed
    key = (
        f'namespace_overwrite_allowed "{pattern}"' if not reach.makes_them else "namespace_per_job"
    )
    which = ", which is open to any namespace" if not reach.makes_them else ""
    return f"{key} of the runner {_named(runner)}{which}"


def _named(runner: RunnerConfig) -> str:
    return runner.name or runner.url


def _of_jobs(runner: RunnerConfig) -> Rules:
    kubernetes = runner.kubernetes
    found: Rules = {
        ("", "secrets"): {"create", "get", "list", "watch", "delete"},
        ("", "pods"): {"create", "get", "list", "watch", "patch", "delete"},
    }
    if kubernetes.print_pod_warning_events or runner.feature_flags.get(_EVENTS_FLAG, False):
        found["", "events"] = {"list"}
    if kubernetes.pod_disruption_budget:
        found["policy", "poddisruptionbudgets"] = {"create"}
    if runner.podlane.service_logs:
        found["", "pods/log"] = {"get"}
    return found


def _of_namespaces(reach: Reach) -> Rules:
    """Namespaces of single jobs are made, listed (those that a killed manager left) and deleted."""
    verbs = {"create", "get", "list", "delete"}
    return {("", "namespaces"): verbs} if reach.makes_them else {}


def manifests(wish: Wish, reach: Rights) -> tuple[Manifest, ...]:
    """A Role and its binding in each namespace, and a ClusterRole where there is no other way."""
    found: list[Manifest] = []
    for namespace, rules in sorted(reach.namespaces.items()):
        meta = metadata(wish, _name(wish, namespace), namespace)
        role = _role("Role", meta, rules)
        if namespace == wish.namespace:
            role["rules"] += _of_named(reach)
        found += [role, _binding("Role", meta, wish)]
    if reach.everywhere:
        meta = metadata(wish, f"{wish.namespace}-{wish.name}", None)
        meta["annotations"] = {WHY: "; ".join(reach.why)}
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


def _of_named(reach: Rights) -> list[Manifest]:
    """To write a new token in the place of one that ends, and to sit down: these objects, and no
    other."""
    named = (
        ("", "secrets", [reach.token_secret] if reach.token_secret else []),
        (*_LEASES, list(reach.seats)),
    )
    return [
        {"apiGroups": [group], "resources": [kind], "resourceNames": names, "verbs": ["patch"]}
        for group, kind, names in named
        if names
    ]


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
