"""The pod of a job and what goes with it in the cluster: made, made again, removed."""

from __future__ import annotations

import logging
import re
import time
from typing import Any

import msgspec

from podlane.clients.kube.kinds import BUDGET, POD, SECRET, Kind
from podlane.clients.kube.watch import Query, list_items
from podlane.core.pod import names
from podlane.core.pod.disruption import budget
from podlane.core.pod.patch import blame
from podlane.core.pod.refusals import is_of_chosen_user
from podlane.core.pod.security import without_unasked_root
from podlane.core.pod.state import PodState, RawPod, RecordState, parse_pod
from podlane.core.pod.tries import Tries
from podlane.errors import Gone, JobRefused, Rejected, ServiceError, Unavailable
from podlane.manager import namespaces
from podlane.manager.refusal import trouble_of
from podlane.manager.site import Site

log = logging.getLogger(__name__)
Manifest = dict[str, Any]
_MISSING = re.compile(r"error looking up service account|^The pull secret .* is missing")


class Wishes(msgspec.Struct, frozen=True):
    """What a runner's settings say of the making and removing of pods.

    `awaits`: seconds from the record on in which the pod's account and pull secrets may yet come;
    0: nobody looks. `has_budget`: it gets a PodDisruptionBudget. `is_root_unasked`: its helper is
    root by podlane's own choice. `grace`: seconds that containers have to end in when the pod is
    removed.
    """

    awaits: float = 0
    has_budget: bool = False
    is_root_unasked: bool = False
    grace: int = 1
    tries: Tries = Tries()


def owned_by(manifest: Manifest, record: RecordState) -> Manifest:
    """Return the manifest as owned by the record, which takes it along when it goes."""
    owner = {"apiVersion": "v1", "kind": "Secret", "name": record.name, "uid": record.uid}
    return _owned(manifest, owner)


def _owned(manifest: Manifest, owner: Manifest) -> Manifest:
    return manifest | {"metadata": manifest["metadata"] | {"ownerReferences": [owner]}}


async def make_extras(
    site: Site, extras: tuple[Manifest, ...], record: RecordState, tries: Tries
) -> None:
    for extra in extras:
        await _create(site, SECRET, owned_by(extra, record), tries)


async def make_pod(site: Site, manifest: Manifest, record: RecordState, wishes: Wishes) -> str:
    """Create the pod and return its name. JobRefused when the API will never take it, Unavailable
    while its account or a pull secret is missing and may yet come."""
    try:
        if wishes.awaits:
            await _check_pull_secrets(site, manifest)
        made = await _create_pod(site, owned_by(manifest, record), wishes)
    except JobRefused as refusal:
        if not _MISSING.search(refusal.message):
            raise
        seconds = max(wishes.awaits, namespaces.awaits(refusal, record))
        if time.time() > record.created_at + seconds:
            raise namespaces.explained(refusal, record) from refusal
        raise Unavailable(refusal.message, service="kubernetes", status=403) from refusal
    if wishes.has_budget and made is not None:
        await _make_budget(site, manifest, made)
    return str(manifest["metadata"]["name"])


async def _create_pod(site: Site, manifest: Manifest, wishes: Wishes) -> Manifest | None:
    """OpenShift chooses its pods' users and refuses root: then the helper is the chosen user, as
    the build container is, and has nothing to hand over."""
    try:
        return await _create(site, POD, manifest, wishes.tries)
    except JobRefused as refusal:
        if not (wishes.is_root_unasked and is_of_chosen_user(refusal.message)):
            raise
    spec = without_unasked_root(manifest["spec"])
    return await _create(site, POD, manifest | {"spec": spec}, wishes.tries)


async def _make_budget(site: Site, manifest: Manifest, made: Manifest) -> None:
    """Make the pod's PodDisruptionBudget, which the pod owns and takes along.

    The pod is on its way by now and nothing waits for this. A budget that cannot be made is no
    lost job: without it the job runs as well, only less sheltered from drains.
    """
    name, uid = manifest["metadata"]["name"], made["metadata"]["uid"]
    owner = {"apiVersion": "v1", "kind": "Pod", "name": name, "uid": uid}
    try:
        await site.create(BUDGET, _owned(budget(manifest), owner))
    except ServiceError as error:
        fields = {"pod": name, "error": error.message}
        log.warning("Cannot make the pod's PodDisruptionBudget", extra={"fields": fields})


async def _check_pull_secrets(site: Site, manifest: Manifest) -> None:
    """Kubernetes itself makes a pod without them, and its pulls fail with less plain words."""
    for one in manifest["spec"].get("imagePullSecrets", ()):
        try:
            await site.api.get(SECRET, site.namespace, one["name"])
        except Gone:
            raise JobRefused(
                f"The pull secret {one['name']!r} is missing in namespace {site.namespace}",
                hint="make it there, or mend `image_pull_secrets` in [runners.kubernetes]",
                reference="pull-secret",
            ) from None


async def _create(site: Site, kind: Kind, manifest: Manifest, tries: Tries) -> Manifest | None:
    """Its metadata as the cluster has it; None when it was there already."""
    try:
        return await site.create(kind, manifest)
    except ServiceError as error:
        if error.details == "AlreadyExists":
            return None
        trouble = trouble_of(error, tries, is_jobs_token=site.creator is not None)
        if isinstance(trouble, JobRefused) and error.status in (400, 422):
            noted = manifest["metadata"].get("annotations", {})
            trouble.hint = blame.hint(noted, error.message) or trouble.hint
        raise trouble from error


async def remove(site: Site, record: RecordState, pod: PodState | None, grace: int) -> None:
    """Delete pod and record. The record goes last: while it exists the job is ours."""
    if pod is not None:
        await delete(site, POD, pod, grace)
    if not (record.has_own_namespace and await namespaces.remove(site)):
        await delete(site, SECRET, record)


async def delete_unplaced(site: Site, name: str) -> bool:
    """Delete a pod that no node has taken; whether it is gone. Between the look and the deletion
    nothing may have changed, or the deletion is refused."""
    try:
        found = await site.api.get(POD, site.namespace, name)
        if found["spec"].get("nodeName"):
            return False
        only = {key: found["metadata"][key] for key in ("uid", "resourceVersion")}
        await site.api.delete(POD, site.namespace, name, grace_seconds=0, only=only)
    except Gone:
        return True
    except Rejected as error:
        if error.details != "Conflict":
            raise
        return False
    return True


async def delete(
    site: Site, kind: Kind, which: PodState | RecordState, grace: int | None = None
) -> bool:
    """Delete this very object, as another of its name is of a later hand-out of the job; whether it
    was there."""
    try:
        only = {"uid": which.uid}
        await site.api.delete(kind, site.namespace, which.name, grace_seconds=grace, only=only)
    except Gone:
        return False
    except Rejected as error:
        if error.details != "Conflict":
            raise
        return False
    return True


async def find(site: Site, record: RecordState) -> list[PodState]:
    """The pods of a record as they are in the cluster, whatever the watch has shown."""
    which = f"{names.RUNNER}={record.runner},{names.JOB_ID}={record.job_id}"
    found, _ = await list_items(site.api, Query(POD, site.namespace, which, item=RawPod))
    return [pod for pod in map(parse_pod, found) if pod.owner == record.uid]
