"""The kinds of objects podlane deals with, and where the API keeps them."""

from __future__ import annotations

from urllib.parse import quote

import msgspec


class Kind(msgspec.Struct, frozen=True):
    """`group` is the path of the API group, `plural` the name in paths. Without a namespace a path
    is that of the objects of all namespaces, or of those that are in none."""

    group: str
    plural: str

    def path(self, namespace: str, name: str = "") -> str:
        inside = f"namespaces/{quote(namespace, safe='')}/" if namespace else ""
        base = f"/{self.group}/{inside}{self.plural}"
        return f"{base}/{quote(name, safe='')}" if name else base


SECRET = Kind("api/v1", "secrets")
POD = Kind("api/v1", "pods")
NAMESPACE = Kind("api/v1", "namespaces")
CONFIG_MAP = Kind("api/v1", "configmaps")
CLAIM = Kind("api/v1", "persistentvolumeclaims")
ACCOUNT = Kind("api/v1", "serviceaccounts")
QUOTA = Kind("api/v1", "resourcequotas")
EVENT = Kind("api/v1", "events")
BUDGET = Kind("apis/policy/v1", "poddisruptionbudgets")
DEPLOYMENT = Kind("apis/apps/v1", "deployments")
PRIORITY_CLASS = Kind("apis/scheduling.k8s.io/v1", "priorityclasses")
LEASE = Kind("apis/coordination.k8s.io/v1", "leases")
