"""The jobs of a deployment: their records and pods, wherever its Roles reach."""

from __future__ import annotations

from typing import Any

import msgspec

from podlane.clients.kube.api import KubeApi
from podlane.clients.kube.kinds import POD, SECRET, Kind
from podlane.core.pod import names
from podlane.deploy.standing import namespaces
from podlane.errors import Gone


class Job(msgspec.Struct, frozen=True):
    """A job's record or pod. `phase`: the pod's, "" for a record."""

    kind: Kind
    namespace: str
    name: str
    phase: str = ""


async def jobs(api: KubeApi, name: str, namespace: str, installation: str) -> list[Job]:
    """All records and pods of the installation's jobs; further Secrets go with their record."""
    found: list[Job] = []
    for place in await namespaces(api, name, namespace):
        for kind in (SECRET, POD):
            found += await _listed(api, kind, place, names.selector(installation))
    return found


async def end(api: KubeApi, found: list[Job]) -> None:
    """Delete them: each helper tells GitLab that its job was ended by the system."""
    for one in sorted(found, key=lambda job: job.kind == SECRET):  # pods first
        try:
            await api.delete(one.kind, one.namespace, one.name)
        except Gone:
            continue


async def _listed(api: KubeApi, kind: Kind, namespace: str, selector: str) -> list[Job]:
    try:
        query = {"labelSelector": selector, "limit": "500"}
        answer = await api.read(kind.path(namespace), query, metadata_only=kind == SECRET)
    except Gone:
        return []
    items: Any = msgspec.json.decode(answer.body).get("items") or ()
    return [
        Job(kind, namespace, one["metadata"]["name"], one.get("status", {}).get("phase", ""))
        for one in items
    ]
