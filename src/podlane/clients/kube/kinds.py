"""The kinds of objects podlane deals with, and where the API keeps them."""

from __future__ import annotations

from urllib.parse import quote

import msgspec


class Kind(msgspec.Struct, frozen=True):
    """`group` is the path of the API group, `plural` the name in paths."""

    group: str
    plural: str

    def path(self, namespace: str, name: str = "") -> str:
        base = f"/{self.group}/namespaces/{quote(namespace, safe='')}/{self.plural}"
        return f"{base}/{quote(name, safe='')}" if name else base


SECRET = Kind("api/v1", "secrets")
POD = Kind("api/v1", "pods")
EVENT = Kind("api/v1", "events")
BUDGET = Kind("apis/policy/v1", "poddisruptionbudgets")
LEASE = Kind("apis/coordination.k8s.io/v1", "leases")
