"""What the pod of a plain job names and does not make: its account, Secrets, ConfigMaps, claims.

They are read out of the pod itself, so that patches of the config count as well. Of a Secret only
the names of its keys are kept.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Iterator
from typing import Any
from urllib.parse import quote

import msgspec

from podlane.clients.kube.api import KubeApi
from podlane.core.pod.manifests import Manifest, Manifests
from podlane.doctor.finding import Finding, failed, ok, skipped
from podlane.errors import Gone, ServiceError

CHECK, ACCOUNT = "secrets", "service account"
_PLURALS = {
    "Secret": "secrets",
    "ConfigMap": "configmaps",
    "PersistentVolumeClaim": "persistentvolumeclaims",
}
_SHOWN = {"Secret": "Secret", "ConfigMap": "ConfigMap", "PersistentVolumeClaim": "claim"}


class Need(msgspec.Struct, frozen=True):
    """`key`: one that must be in it; empty: it must be there."""

    kind: str
    name: str
    key: str = ""


async def account(
    api: KubeApi, namespace: str, pod: Manifest, refusal: ServiceError | None
) -> Finding:
    """The one the job's pod runs as. The trial run tells it as well: we need no right to look."""
    name = pod["spec"].get("serviceAccountName") or "default"
    path = f"/api/v1/namespaces/{namespace}/serviceaccounts/{quote(name, safe='')}"
    missing = failed(
        ACCOUNT,
        f"there is no service account {name} in {namespace}",
        f"kubectl -n {namespace} create serviceaccount {name}, or change `service_account`",
    )
    if refusal is not None and f'serviceaccount "{name}" not found' in refusal.message:
        return missing
    try:
        await api.read_object(path)
    except Gone:
        return missing
    except ServiceError as error:
        if refusal is None and error.status == 403:
            return ok(ACCOUNT, f"a pod may run as {name} in {namespace}")
        return skipped(ACCOUNT, f"may not look at {name} in {namespace}")
    return ok(ACCOUNT, f"{name} is there in {namespace}")


async def objects(api: KubeApi, namespace: str, made: Manifests) -> AsyncIterator[Finding]:
    wanted: dict[tuple[str, str], list[str]] = {}
    for need in needs(made):
        keys = wanted.setdefault((need.kind, need.name), [])
        if need.key and need.key not in keys:
            keys.append(need.key)
    found = [await _look(api, namespace, *one, keys) for one, keys in wanted.items()]
    bad = [one for one in found if one.state != "ok"]
    for one in bad:
        yield one
    if not wanted:
        yield ok(CHECK, "the pod of a job needs no object of yours")
    elif not bad:
        count = len(wanted)
        what = "the object that" if count == 1 else f"all {count} objects that"
        verb = "is there, with its keys" if count == 1 else "are there, with their keys"
        yield ok(CHECK, f"{what} the config names {verb}: {_listed(wanted)}")


def _listed(wanted: Iterable[tuple[str, str]]) -> str:
    return ", ".join(f"{_SHOWN[kind]} {name}" for kind, name in wanted)


def needs(made: Manifests) -> Iterator[Need]:
    """Each once for each key. What the job makes itself, and what may be absent, is none."""
    own = {made.record["metadata"].get("name")}
    own |= {one["metadata"].get("name") for one in made.extra}
    found = dict.fromkeys(_named(made.pod["spec"]))
    return (one for one in found if not (one.kind == "Secret" and one.name in own))


def _named(spec: Manifest) -> Iterator[Need]:
    for one in spec.get("imagePullSecrets") or ():
        yield Need("Secret", one["name"], ".dockerconfigjson")
    for volume in spec.get("volumes") or ():
        yield from _source(volume)
        if claim := volume.get("persistentVolumeClaim"):
            yield Need("PersistentVolumeClaim", claim["claimName"])
        for source in (volume.get("projected") or {}).get("sources") or ():
            yield from _source(source)
    for container in (*(spec.get("initContainers") or ()), *spec["containers"]):
        for one in container.get("envFrom") or ():
            yield from _reference("Secret", one.get("secretRef"))
            yield from _reference("ConfigMap", one.get("configMapRef"))
        for one in container.get("env") or ():
            value = one.get("valueFrom") or {}
            yield from _reference("Secret", value.get("secretKeyRef"))
            yield from _reference("ConfigMap", value.get("configMapKeyRef"))


def _source(volume: Manifest) -> Iterator[Need]:
    for word, kind in (("secret", "Secret"), ("configMap", "ConfigMap")):
        source: Any = volume.get(word)
        if not source or source.get("optional"):
            continue
        name = source.get("secretName") or source.get("name")
        yield Need(kind, name)
        for item in source.get("items") or ():
            yield Need(kind, name, item["key"])


def _reference(kind: str, source: Any) -> Iterator[Need]:
    if source and not source.get("optional"):
        yield Need(kind, source["name"], source.get("key", ""))


async def _look(api: KubeApi, namespace: str, kind: str, name: str, keys: list[str]) -> Finding:
    shown = f"{_SHOWN[kind]} {name}"
    path = f"/api/v1/namespaces/{namespace}/{_PLURALS[kind]}/{quote(name, safe='')}"
    try:
        found = await api.read_object(path)
    except Gone:
        return failed(
            CHECK, f"there is no {shown} in {namespace}", _make(namespace, kind, name, keys)
        )
    except ServiceError as error:
        why = "may not look at it" if error.status == 403 else error.message
        return skipped(CHECK, f"{shown} in {namespace}: {why}")
    if kind == "PersistentVolumeClaim":
        phase = (found.get("status") or {}).get("phase", "")
        if phase == "Lost":
            fix = f"kubectl -n {namespace} describe pvc {name} tells why; make it anew"
            return failed(CHECK, f"the {shown} in {namespace} has lost its volume", fix)
        return ok(CHECK, shown)
    there = {*(found.get("data") or {}), *(found.get("binaryData") or {})}
    if ".dockercfg" in there:  # the older form of a pull secret
        there.add(".dockerconfigjson")
    lacking = [key for key in keys if key not in there]
    if lacking:
        fix = (
            f"put it there: kubectl -n {namespace} edit {kind.lower()} {name}; or change the config"
        )
        return failed(CHECK, f"the {shown} in {namespace} has no key {', '.join(lacking)}", fix)
    return ok(CHECK, shown)


def _make(namespace: str, kind: str, name: str, keys: list[str]) -> str:
    if kind == "PersistentVolumeClaim":
        return f"make the claim in {namespace} (kubectl apply), or change `volumes.pvc`"
    files = "".join(f" --from-file={key}=FILE" for key in keys) or " --from-file=KEY=FILE"
    if kind == "ConfigMap":
        return f"kubectl -n {namespace} create configmap {name}{files}"
    if ".dockerconfigjson" in keys:
        return (
            f"kubectl -n {namespace} create secret docker-registry {name} --docker-server=REGISTRY "
            "--docker-username=USER --docker-password=PASSWORD"
        )
    return f"kubectl -n {namespace} create secret generic {name}{files}"
