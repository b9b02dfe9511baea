"""Reads a gitlab-runner from the cluster: its Deployment, what that mounts, Helm's record."""

from __future__ import annotations

from typing import Any

import msgspec

from podlane.clients.kube.api import KubeApi
from podlane.clients.kube.objects import find, list_path
from podlane.core.migrate.helm import Record, newest, read_record
from podlane.core.migrate.pod import (
    Source,
    assemble,
    looks_like_one,
    release_names,
    sources,
    texts_of,
)
from podlane.core.migrate.release import Manifest, Release
from podlane.errors import Gone, PodlaneError, Rejected


async def read_release(api: KubeApi, name: str, namespace: str) -> Release:
    """Read the release of this name, or the only one. PodlaneError when it is not to be found."""
    deployment = await find_old(api, name, namespace)
    texts = {}
    for source in sources(deployment):
        if found := await _read(api, source, namespace):
            texts[source] = texts_of(found)
    return assemble(deployment, texts, await _record(api, release_names(deployment)[0], namespace))


async def find_old(api: KubeApi, name: str, namespace: str) -> Manifest:
    """The old manager's Deployment."""
    path = list_path("apps/v1", "Deployment", namespace)
    found = await _listed(api, path, "", f"the Deployments of {namespace}")
    ones = [{"apiVersion": "apps/v1", "kind": "Deployment", **one} for one in found]
    likely = [one for one in ones if looks_like_one(one)]
    wanted = [one for one in likely if not name or name in release_names(one)]
    if len(wanted) == 1:
        return wanted[0]
    names = ", ".join(sorted({release_names(one)[0] for one in wanted or likely}))
    if wanted:
        what = f"release {name}" if name else "gitlab-runner"
        raise PodlaneError(
            f"there are {len(wanted)} Deployments of {what} in namespace {namespace}",
            hint=f"choose one by --release: {names}",
            reference="migrate-which",
        )
    raise PodlaneError(
        f"there is no gitlab-runner release{f' {name}' if name else ''} in namespace {namespace}",
        hint=f"there is: {names}"
        if names
        else "--namespace says where; `kubectl get deployments -A "
        "| grep runner` lists those of the cluster",
        reference="migrate-missing",
    )


async def account_annotations(api: KubeApi, release: Release) -> dict[str, str]:
    """What is noted on the ServiceAccount of the old manager; nothing where we may not look."""
    name = release.pod.get("serviceAccountName")
    if not name:
        return {}
    meta = {"name": name, "namespace": release.namespace}
    try:
        found = await find(api, {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": meta})
    except Rejected:
        return {}
    return dict((found or {}).get("metadata", {}).get("annotations") or {})


async def _read(api: KubeApi, source: Source, namespace: str) -> Manifest | None:
    kind, name = source
    meta = {"name": name, "namespace": namespace}
    try:
        found = await find(api, {"apiVersion": "v1", "kind": kind, "metadata": meta})
    except Rejected as error:
        raise _not_allowed(f"the {kind} {name} of {namespace}", error) from error
    return None if found is None else {**found, "kind": kind}


async def _record(api: KubeApi, name: str, namespace: str) -> Record | None:
    """Helm's own, if Helm has made it; it only adds what the objects do not show."""
    path = list_path("v1", "Secret", namespace)
    found = await _listed(api, path, f"owner=helm,name={name}", f"the Secrets of {namespace}")
    newest_one = newest(found)
    return None if newest_one is None else read_record(newest_one)


async def _listed(api: KubeApi, path: str, labels: str, what: str) -> list[Manifest]:
    try:
        query = {"labelSelector": labels} if labels else {}
        answer = await api.read(path, query, metadata_only=False)
    except Gone:
        return []
    except Rejected as error:
        raise _not_allowed(what, error) from error
    items: Any = msgspec.json.decode(answer.body).get("items") or ()
    return list(items)


def _not_allowed(what: str, error: Rejected) -> PodlaneError:
    return PodlaneError(
        f"cannot read {what}: {error.message}",
        hint="use an account that may read Deployments, ConfigMaps and Secrets there (--context); "
        "nothing was changed",
        reference="migrate-rights",
    )
