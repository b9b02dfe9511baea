"""The jobs of a deployment: their records and pods, wherever its rights reach, and what else its
manager makes for them."""

from __future__ import annotations

import msgspec

from podlane.clients.kube.api import KubeApi
from podlane.clients.kube.kinds import DEPLOYMENT, NAMESPACE, POD, SECRET, Kind
from podlane.clients.kube.watch import Query, list_items
from podlane.core.pod import names, pause
from podlane.deploy.standing import reached
from podlane.errors import Gone, Rejected


class Installation(msgspec.Struct, frozen=True):
    """`places`: the namespaces where its jobs can be; "" is all of them."""

    name: str
    places: tuple[str, ...]

    @property
    def sees_all(self) -> bool:
        return "" in self.places


class Job(msgspec.Struct, frozen=True):
    """A job's record or pod. `phase`: the pod's, "" for a record."""

    kind: Kind
    namespace: str
    name: str
    phase: str = ""


class _Metadata(msgspec.Struct, frozen=True):
    name: str
    namespace: str = ""


class _Status(msgspec.Struct, frozen=True):
    phase: str = ""


class _Item(msgspec.Struct, frozen=True):
    metadata: _Metadata
    status: _Status = _Status()


async def installation(api: KubeApi, name: str, namespace: str, label: str) -> Installation:
    """`label`: what the objects of its jobs are told apart by."""
    return Installation(label, await reached(api, name, namespace))


async def jobs(api: KubeApi, ours: Installation) -> list[Job]:
    """All records and pods of the installation's jobs; further Secrets go with their record."""
    selector = f"{names.selector(ours.name)},!{names.NOTED}"
    found: list[Job] = []
    for kind in (SECRET, POD):
        found += [one for place in ours.places for one in await _listed(api, kind, place, selector)]
    return found


async def end(api: KubeApi, found: list[Job]) -> None:
    """Delete them: each helper tells GitLab that its job was ended by the system."""
    for one in sorted(found, key=lambda job: job.kind == SECRET):  # pods first
        try:
            await api.delete(one.kind, one.namespace, one.name)
        except Gone:
            continue


async def leftovers(api: KubeApi, ours: Installation) -> list[Job]:
    """What a manager that has gone may have left beside the records and pods of jobs."""
    selector = names.selector(ours.name)
    found: list[Job] = []
    for place in ours.places:
        found += await _listed(api, SECRET, place, f"{selector},{names.NOTED}")
        try:
            found += await _listed(api, DEPLOYMENT, place, pause.selector(ours.name))
        except Rejected:  # whoever may not look for pause pods has made none by this config
            continue
    if ours.sees_all:
        found += await _listed(api, NAMESPACE, "", selector)
    return found


async def _listed(api: KubeApi, kind: Kind, namespace: str, selector: str) -> list[Job]:
    query = Query(kind, namespace, selector, metadata_only=kind != POD, item=_Item)
    try:
        items, _ = await list_items(api, query)
    except Gone:
        return []
    return [Job(kind, one.metadata.namespace, one.metadata.name, one.status.phase) for one in items]
