"""The namespace that a job has for itself (`namespace_per_job`): made before the record, removed
in its place. One that a killed manager left behind: orphans.py."""

from __future__ import annotations

import logging
import re
from dataclasses import replace
from typing import Any

from podlane.clients.kube.kinds import NAMESPACE
from podlane.core.pod import names
from podlane.core.pod.state import RecordState
from podlane.core.pod.tries import Tries
from podlane.errors import Gone, JobRefused, Rejected, ServiceError
from podlane.manager.refusal import trouble_of
from podlane.manager.site import Site

log = logging.getLogger(__name__)
Manifest = dict[str, Any]
_ACCOUNT_SECONDS = 10.0
_MINE = (names.MANAGED_BY, names.INSTALLATION, names.RUNNER, names.JOB_ID)
_NO_RIGHT = re.compile(r"namespaces.* is forbidden|cannot create resource \"namespaces\"")


async def make(site: Site, manifest: Manifest, tries: Tries) -> None:
    """Create the job's namespace. JobRefused: never; Unavailable: later, perhaps."""
    try:
        await replace(site, namespace="").create(NAMESPACE, manifest)
    except ServiceError as error:
        if error.details == "AlreadyExists":
            await _check_mine(site, manifest)
            return
        if error.status == 403 and _NO_RIGHT.search(error.message):
            raise JobRefused(
                f"podlane may not make the job's namespace {site.namespace}: {error.message}",
                hint="`namespace_per_job` needs a ClusterRole: create, get, list and delete of "
                "namespaces, and secrets and pods in all of them",
                reference="namespace-per-job",
            ) from error
        raise trouble_of(error, tries, is_jobs_token=site.creator is not None) from error


async def _check_mine(site: Site, manifest: Manifest) -> None:
    """A namespace that was there before goes with the job, so it must be the job's own."""
    try:
        found = await site.api.get(NAMESPACE, "", site.namespace)
    except Gone:
        return
    given, wanted = found["metadata"].get("labels") or {}, manifest["metadata"]["labels"]
    if any(given.get(key) != wanted[key] for key in _MINE):
        raise JobRefused(
            f"The namespace {site.namespace} is there already, and podlane has not made it for "
            "this job",
            hint="`namespace_per_job` deletes the namespace with the job: remove or rename the one "
            "that is there",
            reference="namespace-per-job",
        )


async def remove(site: Site) -> bool:
    """Delete the job's namespace and all that is in it; False when that is not allowed."""
    try:
        await site.api.delete(NAMESPACE, "", site.namespace)
    except Gone:
        return True
    except Rejected as error:
        if error.status == 409:  # it is on its way out
            return True
        fields = {"namespace": site.namespace, "error": error.message}
        log.warning("Cannot delete a job's namespace", extra={"fields": fields})
        return False
    return True


def awaits(refusal: JobRefused, record: RecordState) -> float:
    """Seconds that a new namespace may take to get the account that Kubernetes makes in it."""
    is_coming = 'serviceaccount "default" not found' in refusal.message
    return _ACCOUNT_SECONDS if record.has_own_namespace and is_coming else 0


def explained(refusal: JobRefused, record: RecordState) -> JobRefused:
    """Say what a job's own namespace cannot have."""
    if record.has_own_namespace:
        refusal.hint = (
            "with `namespace_per_job` each job has a new, empty namespace: service accounts, "
            "Secrets, ConfigMaps and claims that [runners.kubernetes] names are not in it"
        )
    return refusal
