"""The kinds of objects that this cluster serves, by the names of the Kubernetes API."""

from __future__ import annotations

from typing import Any

from msgspec import Struct

Object = dict[str, Any]


class Kind(Struct, frozen=True):
    name: str
    plural: str
    group: str = ""
    is_namespaced: bool = True

    @property
    def api_version(self) -> str:
        return f"{self.group}/v1" if self.group else "v1"

    @property
    def qualified(self) -> str:
        """The plural as conflicts of named groups spell it: `leases.coordination.k8s.io`."""
        return f"{self.plural}.{self.group}" if self.group else self.name


NAMESPACE = Kind("Namespace", "namespaces", is_namespaced=False)
POD = Kind("Pod", "pods")
SECRET = Kind("Secret", "secrets")
EVENT = Kind("Event", "events")
CONFIG_MAP = Kind("ConfigMap", "configmaps")
CLAIM = Kind("PersistentVolumeClaim", "persistentvolumeclaims")
QUOTA = Kind("ResourceQuota", "resourcequotas")
LEASE = Kind("Lease", "leases", "coordination.k8s.io")
BUDGET = Kind("PodDisruptionBudget", "poddisruptionbudgets", "policy")
DEPLOYMENT = Kind("Deployment", "deployments", "apps")  # kept only: no controller is here
PRIORITY_CLASS = Kind("PriorityClass", "priorityclasses", "scheduling.k8s.io", is_namespaced=False)

_ALL = (
    NAMESPACE,
    POD,
    SECRET,
    EVENT,
    CONFIG_MAP,
    CLAIM,
    QUOTA,
    LEASE,
    BUDGET,
    DEPLOYMENT,
    PRIORITY_CLASS,
)
KINDS = {kind.plural: kind for kind in _ALL}


def kind_named(name: str) -> Kind:
    """Find a kind by its plural (`pods`) or its name (`Pod`)."""
    for kind in KINDS.values():
        if name in (kind.plural, kind.name):
            return kind
    raise KeyError(name)
