"""Any object by its manifest alone: where the API keeps it, and server-side apply.

Errors as in api.py.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import quote, urlencode

from podlane.clients.kube.api import KubeApi
from podlane.errors import Gone

Manifest = dict[str, Any]
MANAGER = "podlane-deploy"
_PLURALS = {"NetworkPolicy": "networkpolicies"}
_OF_NO_NAMESPACE = ("Namespace", "ClusterRole", "ClusterRoleBinding", "PriorityClass")


def path_of(manifest: Manifest) -> str:
    """The object's address at the API server."""
    meta = manifest["metadata"]
    base = list_path(manifest["apiVersion"], manifest["kind"], meta.get("namespace", ""))
    return f"{base}/{quote(meta['name'], safe='')}"


def list_path(version: str, kind: str, namespace: str = "") -> str:
    """Where all objects of a kind stand; without a namespace, those of all namespaces."""
    root = f"/apis/{version}" if "/" in version else f"/api/{version}"
    plural = _PLURALS.get(kind, f"{kind.lower()}s")
    if kind in _OF_NO_NAMESPACE or not namespace:
        return f"{root}/{plural}"
    return f"{root}/namespaces/{quote(namespace, safe='')}/{plural}"


async def apply(api: KubeApi, manifest: Manifest, *, is_trial: bool = False) -> Manifest:
    """Server-side apply: make the object, or change what we say of it and leave the rest alone.

    `is_trial`: the server says what would come of it, and keeps nothing. A field that somebody
    else has set since is taken back: what was rendered is what runs.
    """
    query = {"fieldManager": MANAGER, "force": "true", "fieldValidation": "Strict"}
    if is_trial:
        query["dryRun"] = "All"
    return await api.apply(f"{path_of(manifest)}?{urlencode(query)}", manifest)


async def put(api: KubeApi, manifest: Manifest) -> Manifest:
    """Write the whole object in the place of the one that is there."""
    return await api.put_object(path_of(manifest), manifest)


async def find(api: KubeApi, manifest: Manifest) -> Manifest | None:
    """The object as it is; None when there is none."""
    try:
        return await api.read_object(path_of(manifest))
    except Gone:
        return None
