"""The record of a job, its Secret: made once for each hand-out, and read back."""

from __future__ import annotations

import base64
import json
from typing import Any

from podlane.clients.kube.kinds import SECRET
from podlane.core.pod import names
from podlane.core.pod import record as record_data
from podlane.core.pod.tries import Tries
from podlane.core.text.token import Token
from podlane.core.trace.handover import Missing
from podlane.errors import Gone, JobRefused, Rejected, ServiceError, Unavailable
from podlane.manager.refusal import trouble_of
from podlane.manager.site import Site

Manifest = dict[str, Any]
NOTHING_SAYS_WHY = "The pod of the job is gone, and nothing says why."
_UNSAID = "why is not told here, since the job's record is gone and its secrets could not be masked"


async def make_record(
    site: Site, manifest: Manifest, job_token: Token, tries: Tries
) -> Manifest | None:
    """Create the record; None when it is there already for this very hand-out of the job.

    Unavailable: later, perhaps (the API is away, a quota is used up, an older hand-out of the job
    is still being removed). JobRefused: never.
    """
    try:
        return await site.create(SECRET, manifest)
    except Rejected as error:
        if error.details != "AlreadyExists":
            raise trouble_of(error, tries, is_jobs_token=site.creator is not None) from error
        if await _is_same_job(site, manifest, job_token):
            return None
        raise Unavailable(error.message, service="kubernetes", status=error.status) from error
    except ServiceError as error:
        raise trouble_of(error, tries, is_jobs_token=site.creator is not None) from error


async def _is_same_job(site: Site, manifest: Manifest, job_token: Token) -> bool:
    """Tell whether the record that is there is of this hand-out; an older one is removed."""
    name = manifest["metadata"]["name"]
    try:
        found = await site.api.get(SECRET, site.namespace, name)
        if not found["metadata"].get("deletionTimestamp"):
            if read(found, "token") == job_token.reveal():
                return True
            only = {"uid": found["metadata"]["uid"]}
            await site.api.delete(SECRET, site.namespace, name, only=only)
    except Gone:
        return False
    return False


async def check_makeable(site: Site, record: Manifest, missing: Missing) -> None:
    """JobRefused when the missing pod of a record must not be made, Unavailable when GitLab has
    not said whether it may.

    A kill during the launch may have come before the further Secrets that the pod needs.
    """
    check_unbegun(missing)
    try:
        for name in _further(record):
            await site.api.get(SECRET, site.namespace, name)
    except Gone:
        text = "The launch of the job was cut off, and parts of it are missing."
        raise _cut_off(text) from None


def check_unbegun(missing: Missing) -> None:
    """JobRefused when a pod of the job has begun, Unavailable when GitLab has not said so."""
    if missing is Missing.UNKNOWN:
        text = "GitLab does not say how much of the trace it has"
        raise Unavailable(text, service="gitlab")
    if missing is Missing.BEGUN:
        raise _cut_off(NOTHING_SAYS_WHY)


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


async def bearer_token(site: Site, record: Manifest) -> Token:
    """The token that the job has brought for its objects, a variable in its plan; "" if none."""
    variable = (record["metadata"].get("annotations") or {}).get(names.BEARER, "")
    if not variable:
        return Token("")
    try:
        return record_data.variable(await _packed_plan(site, record), variable)
    except (Gone, KeyError, ValueError):
        raise _cut_off("The plan of the job, which holds its token, cannot be read.") from None


async def mask_lines(site: Site, name: str, lines: tuple[str, ...]) -> tuple[str, ...]:
    """Mask sentences as the job of the record `name` would; what cannot be masked is not said."""
    if not lines:
        return ()
    try:
        record = await site.api.get(SECRET, site.namespace, name)
        return record_data.mask_lines(await _packed_plan(site, record), lines)
    except (Gone, KeyError, ValueError):
        return (_UNSAID,)


async def _packed_plan(site: Site, record: Manifest) -> bytes:
    """The plan out of the record and its further Secrets. Gone, KeyError: a part is missing."""
    mine = f"{record['metadata']['name']}-plan-"
    further = [one for one in _further(record) if one.startswith(mine)]
    found = [record, *[await site.api.get(SECRET, site.namespace, one) for one in further]]
    data = {key: value for one in found for key, value in one.get("data", {}).items()}
    packed = [data[f"plan.{index}"] for index in range(len(found))]
    return b"".join(map(base64.b64decode, packed))


def _further(record: Manifest) -> list[str]:
    wanted = (record["metadata"].get("annotations") or {}).get(names.EXTRA, "")
    return list(wanted.split())


def _cut_off(text: str) -> JobRefused:
    return JobRefused(
        text,
        hint="`retry: when: runner_system_failure` runs such jobs again",
        reference="pod-missing",
        failure_reason="runner_system_failure",
    )
