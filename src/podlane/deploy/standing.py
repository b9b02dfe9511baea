"""What stands in the cluster of a deployment: found by its labels, in the namespaces it has noted.

The ConfigMap's annotation names the namespaces, so that nobody needs the right to look into all.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

from podlane.clients.kube.api import KubeApi
from podlane.clients.kube.objects import find, list_path, path_of
from podlane.core.deploy.wish import (
    ANYWHERE,
    CREDENTIAL,
    INSTANCE,
    MANAGED_BY,
    NAMESPACES,
    OWNER,
    Manifest,
    selector,
)
from podlane.errors import Gone, Rejected

_RBAC = "rbac.authorization.k8s.io/v1"
_EVERYWHERE = ((_RBAC, "ClusterRole"), (_RBAC, "ClusterRoleBinding"))
_IN_NAMESPACES = (
    ("v1", "ServiceAccount"),
    (_RBAC, "Role"),
    (_RBAC, "RoleBinding"),
    ("v1", "Secret"),
    ("v1", "ConfigMap"),
    ("networking.k8s.io/v1", "NetworkPolicy"),
    ("v1", "Service"),
    ("policy/v1", "PodDisruptionBudget"),
    ("coordination.k8s.io/v1", "Lease"),
    ("apps/v1", "Deployment"),
)


def shown(manifest: Manifest) -> str:
    meta = manifest["metadata"]
    place = f" in {meta['namespace']}" if meta.get("namespace") else ""
    return f"{manifest['kind']} {meta['name']}{place}"


def is_ours(manifest: Manifest, name: str = "") -> bool:
    """Whether `podlane deploy` has made it; with a name, for the deployment of that name."""
    labels = manifest["metadata"].get("labels") or {}
    return labels.get(MANAGED_BY) == OWNER and (not name or labels.get(INSTANCE) == name)


async def standing(api: KubeApi, name: str, namespace: str) -> list[Manifest]:
    """All objects of the deployment, those that others need first."""
    found: list[Manifest] = []
    for version, kind in _EVERYWHERE:
        found += await _listed(api, list_path(version, kind), version, kind, selector(name))
    for place in await namespaces(api, name, namespace):
        for version, kind in _IN_NAMESPACES:
            path = list_path(version, kind, place)
            found += await _listed(api, path, version, kind, selector(name))
    return [one for one in found if _belongs(one, name, namespace)]


def _belongs(manifest: Manifest, name: str, namespace: str) -> bool:
    """Whether it is of this deployment, and not of one by the same name in another namespace."""
    meta, kind = manifest["metadata"], manifest["kind"]
    is_home = meta.get("namespace") == namespace
    if kind.endswith(("Role", "RoleBinding")):
        return bool(meta["name"] == (name if is_home else f"{namespace}-{name}"))
    return is_home or bool((meta.get("labels") or {}).get(CREDENTIAL))


async def namespaces(api: KubeApi, name: str, namespace: str) -> list[str]:
    """The manager's own namespace and those that its Roles are in."""
    return sorted({namespace, *await _noted(api, name, namespace)} - {ANYWHERE})


async def reached(api: KubeApi, name: str, namespace: str) -> tuple[str, ...]:
    """Where jobs can be: namespaces, or "" for all of them."""
    noted = {namespace, *await _noted(api, name, namespace)}
    return ("",) if ANYWHERE in noted else tuple(sorted(noted))


async def _noted(api: KubeApi, name: str, namespace: str) -> list[str]:
    meta = {"name": name, "namespace": namespace}
    found = await find(api, {"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta})
    annotations = (found or {}).get("metadata", {}).get("annotations") or {}
    return list(annotations.get(NAMESPACES, "").split())


def no_longer_wanted(there: list[Manifest], wanted: Iterable[Manifest]) -> list[Manifest]:
    """What an apply takes away: not the jobs' credentials, which no config makes."""
    paths = {path_of(one) for one in wanted}
    kept = [one for one in there if not (one["metadata"].get("labels") or {}).get(CREDENTIAL)]
    return [one for one in kept if path_of(one) not in paths]


async def remove(api: KubeApi, manifest: Manifest) -> None:
    try:
        await api.delete_object(path_of(manifest))
    except Gone:
        return


async def pods(api: KubeApi, namespace: str, labels: str) -> list[Manifest]:
    return await _listed(api, list_path("v1", "Pod", namespace), "v1", "Pod", labels)


async def _listed(api: KubeApi, path: str, version: str, kind: str, labels: str) -> list[Manifest]:
    """What nobody lets us see is not ours: cluster-wide kinds need rights that few have, and Leases
    are of a deployment of several managers, which somebody who may not see them has not made."""
    try:
        answer = await api.read(path, {"labelSelector": labels}, metadata_only=False)
    except Gone:
        return []
    except Rejected as error:
        if error.status == 403 and (kind.startswith("Cluster") or kind == "Lease"):
            return []
        raise
    items: Any = msgspec.json.decode(answer.body).get("items") or ()
    return [{"apiVersion": version, "kind": kind, **one} for one in items]
