"""The objects of one job in the cluster: made, made again, removed."""

from __future__ import annotations

import base64
import json
import logging
import re
import time
from typing import Any

import msgspec

from podlane.clients.kube.kinds import BUDGET, POD, SECRET
from podlane.core.pod import names, refusals
from podlane.core.pod import record as record_data
from podlane.core.pod.disruption import budget
from podlane.core.pod.state import PodState, RecordState
from podlane.core.text.token import Token
from podlane.errors import Gone, JobRefused, Rejected, ServiceError, Unavailable
from podlane.manager.site import Site

log = logging.getLogger(__name__)
Manifest = dict[str, Any]
_REMOVE_GRACE = 1
_MISSING = re.compile(r"error looking up service account|^The pull secret .* is missing")
_UNSAID = "why is not told here, since the job's record is gone and its secrets could not be masked"


class Wishes(msgspec.Struct, frozen=True):
    """What a runner's settings say of the making of pods.

    `awaits`: seconds from the record on in which the pod's account and pull secrets may yet come;
    0: nobody looks. `has_budget`: it gets a PodDisruptionBudget.
    """

    awaits: float = 0
    has_budget: bool = False


def owned_by(manifest: Manifest, record: RecordState) -> Manifest:
    """Return the manifest as owned by the record, which takes it along when it goes."""
    owner = {"apiVersion": "v1", "kind": "Secret", "name": record.name, "uid": record.uid}
    return _owned(manifest, owner)


def _owned(manifest: Manifest, owner: Manifest) -> Manifest:
    return manifest | {"metadata": manifest["metadata"] | {"ownerReferences": [owner]}}


async def make_extras(site: Site, extras: tuple[Manifest, ...], record: RecordState) -> None:
    for extra in extras:
        await _create(site, SECRET, owned_by(extra, record))


async def make_pod(site: Site, manifest: Manifest, record: RecordState, wishes: Wishes) -> str:
    """Create the pod and return its name. JobRefused when the API will never take it, Unavailable
    while its account or a pull secret is missing and may yet come."""
    try:
        if wishes.awaits:
            await _check_pull_secrets(site, manifest)
        made = await _create(site, POD, owned_by(manifest, record))
    except JobRefused as refusal:
        if not _MISSING.search(refusal.message) or time.time() > record.created_at + wishes.awaits:
            raise
        raise Unavailable(refusal.message, service="kubernetes", status=403) from refusal
    if wishes.has_budget and made is not None:
        await _make_budget(site, manifest, made)
    return str(manifest["metadata"]["name"])


async def _make_budget(site: Site, manifest: Manifest, made: Manifest) -> None:
    """Make the pod's PodDisruptionBudget, which the pod owns and takes along.

    The pod is on its way by now and nothing waits for this. A budget that cannot be made is no
    lost job: without it the job runs as well, only less sheltered from drains.
    """
    name, uid = manifest["metadata"]["name"], made["metadata"]["uid"]
    owner = {"apiVersion": "v1", "kind": "Pod", "name": name, "uid": uid}
    try:
        await site.api.create(BUDGET, site.namespace, _owned(budget(manifest), owner))
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


async def _create(site: Site, kind: Any, manifest: Manifest) -> Manifest | None:
    """Its metadata as the cluster has it; None when it was there already."""
    try:
        return await site.api.create(kind, site.namespace, manifest)
    except (Rejected, Gone) as error:
        if error.details == "AlreadyExists":
            return None
        if is_quota(error):  # others' pods end: it may fit later
            raise Unavailable(error.message, service="kubernetes", status=403) from error
        raise refusal_of(error) from error


async def check_makeable(site: Site, record: Manifest, *, has_begun: bool) -> None:
    """JobRefused when the missing pod of a record must not be made.

    `has_begun`: GitLab holds some of the trace, so its script may have run. A kill during the
    launch may have come before the further Secrets that the pod needs.
    """
    wanted = record["metadata"].get("annotations", {}).get(names.EXTRA, "").split()
    text = "The pod of the job is gone, and nothing says why." if has_begun else ""
    try:
        for name in wanted:
            await site.api.get(SECRET, site.namespace, name)
    except Gone:
        text = text or "The launch of the job was cut off, and parts of it are missing."
    if text:
        raise JobRefused(
            text,
            hint="`retry: when: runner_system_failure` runs such jobs again",
            reference="pod-missing",
            failure_reason="runner_system_failure",
        )


def is_quota(error: ServiceError) -> bool:
    return error.status == 403 and "exceeded quota" in error.message


def refusal_of(error: ServiceError) -> JobRefused:
    """Put the API's refusal into a job's words."""
    if isinstance(error, (Rejected, Gone)) and not is_quota(error):
        return JobRefused(
            f"Kubernetes refused the job's {_what(error)}: {error.message}",
            hint=refusals.of_admission(error.message)
            or "this comes from [runners.kubernetes], from the cluster's policies or from the "
            "rights of the runner's service account; the sentence names the field or right",
            reference="kubernetes-refused",
            failure_reason="runner_configuration_error",
        )
    return JobRefused(
        f"Kubernetes did not take the job: {error.message}",
        hint="`retry: when: runner_system_failure` runs such jobs again",
        reference="kubernetes-unavailable",
        failure_reason="runner_system_failure",
    )


def _what(error: ServiceError) -> str:
    is_of_pod = error.status != 403 or error.message.startswith('pods "')
    return "pod" if is_of_pod else "objects"


async def make_record(site: Site, manifest: Manifest, job_token: Token) -> Manifest | None:
    """Create the record; None when it is there already for this very hand-out of the job.

    Unavailable: later, perhaps (the API is away, a quota is used up, an older hand-out of the job
    is still being removed). JobRefused: never.
    """
    try:
        return await site.api.create(SECRET, site.namespace, manifest)
    except Rejected as error:
        if error.details == "AlreadyExists":
            if await _is_same_job(site, manifest, job_token):
                return None
        elif not is_quota(error):
            raise refusal_of(error) from error
        raise Unavailable(error.message, service="kubernetes", status=error.status) from error


async def _is_same_job(site: Site, manifest: Manifest, job_token: Token) -> bool:
    """Tell whether the record that is there is of this hand-out; an older one is removed."""
    name = manifest["metadata"]["name"]
    try:
        found = await site.api.get(SECRET, site.namespace, name)
    except Gone:
        return False
    if not found["metadata"].get("deletionTimestamp"):
        if read(found, "token") == job_token.reveal():
            return True
        await _delete(site, SECRET, name, None)
    return False


def read(record: Manifest, key: str) -> str:
    """Read one text of a record's data; "" when it is not there."""
    return base64.b64decode(record.get("data", {}).get(key, "")).decode(errors="replace")


def read_uploads(record: Manifest) -> tuple[Token, ...]:
    """What aborts the uploads that were opened for the job's helper."""
    return tuple(map(Token, read(record, "uploads").split()))


def read_pod(record: Manifest) -> Manifest:
    manifest = json.loads(read(record, "pod"))
    assert isinstance(manifest, dict)
    return manifest


async def mask_lines(site: Site, name: str, lines: tuple[str, ...]) -> tuple[str, ...]:
    """Mask sentences as the job of the record `name` would; what cannot be masked is not said."""
    if not lines:
        return ()
    try:
        record = await site.api.get(SECRET, site.namespace, name)
        wanted = record["metadata"].get("annotations", {}).get(names.EXTRA, "").split()
        further = [one for one in wanted if one.startswith(f"{name}-plan-")]
        found = [record, *[await site.api.get(SECRET, site.namespace, one) for one in further]]
        data = {key: value for one in found for key, value in one.get("data", {}).items()}
        packed = [data[f"plan.{index}"] for index in range(len(found))]
        return record_data.mask_lines(b"".join(map(base64.b64decode, packed)), lines)
    except (Gone, KeyError, ValueError):
        return (_UNSAID,)


async def remove(site: Site, record: RecordState, pod: PodState | None) -> None:
    """Delete pod and record. The record goes last: while it exists the job is ours."""
    if pod is not None:
        await _delete(site, POD, pod.name, _REMOVE_GRACE)
    await _delete(site, SECRET, record.name, None)


async def delete_pod(site: Site, pod: PodState) -> None:
    await _delete(site, POD, pod.name, _REMOVE_GRACE)


async def _delete(site: Site, kind: Any, name: str, grace: int | None) -> None:
    try:
        await site.api.delete(kind, site.namespace, name, grace_seconds=grace)
    except Gone:
        return
