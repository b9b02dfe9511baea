"""Affinity of the pod: `[runners.kubernetes.affinity]` in Kubernetes' own spelling."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from podlane.core.config.affinity import (
    Affinity,
    Expression,
    LabelSelector,
    NodeAffinity,
    NodeTerm,
    PodAffinity,
    PodTerm,
)
from podlane.core.pod.literal import without_empty

Manifest = dict[str, Any]
_REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"
_PREFERRED = "preferredDuringSchedulingIgnoredDuringExecution"


def affinity(asked: Affinity) -> Manifest:
    return {
        "nodeAffinity": _node_affinity(asked.node_affinity),
        "podAffinity": _pod_affinity(asked.pod_affinity),
        "podAntiAffinity": _pod_affinity(asked.pod_anti_affinity),
    }


def _node_affinity(asked: NodeAffinity) -> Manifest:
    required = asked.required_during_scheduling_ignored_during_execution
    preferred = asked.preferred_during_scheduling_ignored_during_execution
    return {
        _REQUIRED: {"nodeSelectorTerms": [_node_term(one) for one in required.node_selector_terms]},
        _PREFERRED: [
            {"weight": one.weight, "preference": _node_term(one.preference)} for one in preferred
        ],
    }


def _node_term(asked: NodeTerm) -> Manifest:
    return {
        "matchExpressions": _expressions(asked.match_expressions),
        "matchFields": _expressions(asked.match_fields),
    }


def _pod_affinity(asked: PodAffinity) -> Manifest:
    required = asked.required_during_scheduling_ignored_during_execution
    preferred = asked.preferred_during_scheduling_ignored_during_execution
    return {
        _REQUIRED: [_pod_term(one) for one in required],
        _PREFERRED: [
            {"weight": one.weight, "podAffinityTerm": _pod_term(one.pod_affinity_term)}
            for one in preferred
        ],
    }


def _pod_term(asked: PodTerm) -> Manifest:
    return {
        "labelSelector": _selector(asked.label_selector),
        "namespaces": list(asked.namespaces),
        "topologyKey": asked.topology_key,
        "namespaceSelector": _selector(asked.namespace_selector),
        "matchLabelKeys": list(asked.match_label_keys),
        "mismatchLabelKeys": list(asked.mismatch_label_keys),
    }


def _selector(asked: LabelSelector | None) -> Manifest | None:
    """None fits nothing, and an empty one everything: the two must not be taken for each other."""
    if asked is None:
        return None
    selector = {
        "matchLabels": asked.match_labels,
        "matchExpressions": _expressions(asked.match_expressions),
    }
    found: Manifest = without_empty(selector)
    return found


def _expressions(asked: Iterable[Expression]) -> list[Manifest]:
    return [{"key": one.key, "operator": one.operator, "values": list(one.values)} for one in asked]
