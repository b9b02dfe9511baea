"""`[runners.kubernetes.affinity]`: which nodes, and beside which pods, a job's pod wants to run.

The keys are Kubernetes' own in small letters. Nothing here is expanded.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import msgspec

OF_LABELS = ("In", "NotIn", "Exists", "DoesNotExist")
OF_NODES = (*OF_LABELS, "Gt", "Lt")


class Expression(msgspec.Struct, frozen=True):
    """One entry of `match_expressions` or `match_fields`."""

    key: str
    operator: str
    values: tuple[str, ...] = ()


class NodeTerm(msgspec.Struct, frozen=True):
    match_expressions: tuple[Expression, ...] = ()
    match_fields: tuple[Expression, ...] = ()


class NodeSelector(msgspec.Struct, frozen=True):
    node_selector_terms: tuple[NodeTerm, ...] = ()


class PreferredNodes(msgspec.Struct, frozen=True):
    weight: int
    preference: NodeTerm = NodeTerm()


class NodeAffinity(msgspec.Struct, frozen=True):
    required_during_scheduling_ignored_during_execution: NodeSelector = NodeSelector()
    preferred_during_scheduling_ignored_during_execution: tuple[PreferredNodes, ...] = ()


class LabelSelector(msgspec.Struct, frozen=True):
    match_labels: dict[str, str] = {}
    match_expressions: tuple[Expression, ...] = ()


class PodTerm(msgspec.Struct, frozen=True):
    """A selector that stands there and is empty fits everything; one that is missing, nothing."""

    topology_key: str
    label_selector: LabelSelector | None = None
    namespaces: tuple[str, ...] = ()
    namespace_selector: LabelSelector | None = None
    match_label_keys: tuple[str, ...] = ()
    mismatch_label_keys: tuple[str, ...] = ()


class PreferredPods(msgspec.Struct, frozen=True):
    weight: int
    pod_affinity_term: PodTerm


class PodAffinity(msgspec.Struct, frozen=True):
    required_during_scheduling_ignored_during_execution: tuple[PodTerm, ...] = ()
    preferred_during_scheduling_ignored_during_execution: tuple[PreferredPods, ...] = ()


class Affinity(msgspec.Struct, frozen=True):
    node_affinity: NodeAffinity = NodeAffinity()
    pod_affinity: PodAffinity = PodAffinity()
    pod_anti_affinity: PodAffinity = PodAffinity()


Fault = tuple[str, str]


def faults_of_weight(one: PreferredNodes | PreferredPods) -> Iterator[Fault]:
    if not 1 <= one.weight <= 100:
        yield "weight", f"must be from 1 to 100, and is {one.weight}"


def faults_of_nodes(term: NodeTerm) -> Iterator[Fault]:
    yield from _expressions("match_expressions", term.match_expressions, OF_NODES)
    yield from _expressions("match_fields", term.match_fields, ("In", "NotIn"))
    for index, one in enumerate(term.match_fields):
        if one.key not in ("", "metadata.name"):
            yield f"match_fields[{index}].key", "must be `metadata.name`, the only such field"


def faults_of_pods(term: PodTerm) -> Iterator[Fault]:
    if not term.topology_key:
        yield "topology_key", "must name a label of nodes, such as `kubernetes.io/hostname`"


def faults_of_labels(selector: LabelSelector) -> Iterator[Fault]:
    yield from _expressions("match_expressions", selector.match_expressions, OF_LABELS)


def _expressions(
    at: str, expressions: Iterable[Expression], operators: tuple[str, ...]
) -> Iterator[Fault]:
    for index, one in enumerate(expressions):
        if not one.key:
            yield f"{at}[{index}].key", "must name a label"
        if one.operator not in operators:
            yield f"{at}[{index}].operator", f"must be one of: {', '.join(operators)}"
        elif one.operator in ("In", "NotIn") and not one.values:
            yield f"{at}[{index}].values", f"must not be empty with the operator {one.operator}"
        elif one.operator in ("Exists", "DoesNotExist") and one.values:
            yield f"{at}[{index}].values", f"must be empty with the operator {one.operator}"
        elif one.operator in ("Gt", "Lt") and not _is_one_number(one.values):
            yield f"{at}[{index}].values", f"must be one whole number with {one.operator}"


def _is_one_number(values: tuple[str, ...]) -> bool:
    return len(values) == 1 and values[0].removeprefix("-").isdecimal()
