"""What the file alone shows to be wrong with a value: each table's own checks, by its type.

A check takes one table as frozen data and yields, for each value that cannot be meant, its key
(dotted, counted from that table: `empty_dir[0].size_limit`; a name with dots stands in double
quotes), what is wrong (the rest of a sentence that begins with the key), and what to do where that
is not plain. Checks stand beside their table's struct; a table that the model uses at several
places is checked at each.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import msgspec

from podlane.core.config import (
    affinity,
    cache,
    container,
    contexts,
    gates,
    network,
    patches,
    placement,
    resources,
    security,
    values,
    volume_faults,
)
from podlane.core.config.affinity import (
    LabelSelector,
    NodeTerm,
    PodTerm,
    PreferredNodes,
    PreferredPods,
)
from podlane.core.config.cache import CacheConfig
from podlane.core.config.container import (
    HttpGet,
    HttpHeader,
    PodSpecPatch,
    TcpSocket,
)
from podlane.core.config.kubernetes import KubernetesConfig
from podlane.core.config.manager_checks import MANAGER
from podlane.core.config.model import Config, RunnerConfig
from podlane.core.config.network import DnsConfig, DnsOption, HostAlias
from podlane.core.config.place import Found, Place, note_at
from podlane.core.config.security import ContainerSecurityContext, SecurityContext

Check = Callable[[Any], Iterable[tuple[str, ...]]]

CHECKS: dict[type, tuple[Check, ...]] = {
    Config: (values.faults_of_file,),
    RunnerConfig: (values.faults_of_runner, volume_faults.faults),
    CacheConfig: (cache.faults,),
    KubernetesConfig: (gates.faults, contexts.faults, placement.faults, resources.faults),
    SecurityContext: (security.faults,),
    ContainerSecurityContext: (security.faults,),
    NodeTerm: (affinity.faults_of_nodes,),
    PreferredNodes: (affinity.faults_of_weight,),
    PodTerm: (affinity.faults_of_pods,),
    PreferredPods: (affinity.faults_of_weight,),
    LabelSelector: (affinity.faults_of_labels,),
    DnsConfig: (network.faults_of_dns,),
    DnsOption: (network.faults_of_option,),
    HostAlias: (network.faults_of_alias,),
    HttpGet: (container.faults_of_request,),
    TcpSocket: (container.faults_of_request,),
    HttpHeader: (container.faults_of_header,),
    PodSpecPatch: (patches.faults,),
}
CHECKS |= MANAGER


def faults(table: msgspec.Struct, place: Place) -> Iterator[Found]:
    """Check a table and the tables in it, each with the checks of its type."""
    for at, what, hint in walk(table, place, CHECKS):
        yield fault(at, what, hint=hint)


def walk(
    table: msgspec.Struct, place: Place, checks: Mapping[type, tuple[Check, ...]]
) -> Iterator[tuple[Place, str, str]]:
    """What `checks` say of a table and of the tables in it: place, what, and what to do."""
    for check in checks.get(type(table), ()):
        for key, what, *hint in check(table):
            yield place.down(key), what, hint[0] if hint else ""
    for name, written in zip(table.__struct_fields__, table.__struct_encode_fields__, strict=True):
        value = getattr(table, name)
        if isinstance(value, msgspec.Struct):
            yield from walk(value, place.inside(written), checks)
        elif isinstance(value, tuple):
            inside = place.inside(written)
            for position, item in enumerate(value):
                if isinstance(item, msgspec.Struct):
                    yield from walk(item, inside.at(position), checks)


def fault(place: Place, what: str, *, hint: str = "", reference: str = "config-value") -> Found:
    """Say what is wrong with the key at `place`, or with the table itself."""
    found = note_at(place, "fault", what, hint)
    return Found(msgspec.structs.replace(found.note, reference=reference), found.path)
