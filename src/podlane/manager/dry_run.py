"""Ask a cluster whether it would take the pods of a config's runners: dry runs, nothing changes.

What is said comes from the API itself. What our rights do not let us see is said to be unknown.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any

import msgspec

from podlane.clients.kube.access import Access, load_access, load_context
from podlane.clients.kube.api import KubeApi
from podlane.clients.kube.kinds import (
    ACCOUNT,
    CLAIM,
    CONFIG_MAP,
    NAMESPACE,
    POD,
    QUOTA,
    SECRET,
    Kind,
)
from podlane.core.config.check import Checked, Entry
from podlane.core.config.kubernetes import KubernetesConfig
from podlane.core.config.lines import Path
from podlane.core.config.model import RunnerConfig
from podlane.core.config.notes import ConfigNote, NoteKind
from podlane.core.config.place import Found, Place, note_at
from podlane.core.pod import quota, refusals
from podlane.core.pod.manifests import Manifests
from podlane.core.pod.referred import Reference, referred
from podlane.core.pod.tries import QUOTA as QUOTA_FULL
from podlane.errors import ConfigError, Gone, JobRefused, Rejected, ServiceError

OWN_WAY = "."  # the way of each runner's own settings, as `podlane run` would go from here
_AGENT = "podlane/config-check"
_NO_RIGHT = "cannot create resource"
_NO_ACCOUNT = "error looking up service account"
_KINDS: dict[str, tuple[Kind, str]] = {
    "account": (ACCOUNT, "service account"),
    "secret": (SECRET, "Secret"),
    "config_map": (CONFIG_MAP, "ConfigMap"),
    "pvc": (CLAIM, "PersistentVolumeClaim"),
}
Manifest = dict[str, Any]
Build = Callable[[RunnerConfig], Manifests]


class Namespace(msgspec.Struct):
    """What the runners of one namespace would put there, and what its quotas allow."""

    quotas: tuple[Manifest, ...]
    shares: list[quota.Share] = []


class Trial:
    """`build` makes the objects of a runner's plain job; JobRefused where it would be refused."""

    def __init__(self, cluster: str, build: Build, environ: Mapping[str, str]) -> None:
        self._cluster = cluster
        self._build = build
        self._environ = environ
        self._namespaces: dict[tuple[str, str], Namespace] = {}

    async def run(self, checked: Checked, lines: Mapping[Path, int]) -> Checked:
        """Return `checked` with what the cluster says of its runners."""
        notes: list[ConfigNote] = []
        for entry in checked.entries:
            notes += [one.noted(lines, entry.index) async for one in self._runner(entry)]
        place, places = Place().inside("concurrent"), checked.config.concurrent
        for (_, name), namespace in self._namespaces.items():
            for lack in quota.lacks(namespace.quotas, namespace.shares, places):
                notes.append(_lack(place, lack, name, places).noted(lines))
        return checked.with_runners(checked.entries, notes)

    async def _runner(self, entry: Entry) -> AsyncIterator[Found]:
        place = Place("runners", ("runners", entry.index), entry.owner).inside("kubernetes")
        try:
            access = self._access(entry.runner.kubernetes)
        except ConfigError as error:
            what = f"shows no way to a cluster: {error.message}"
            yield note_at(place, "refused", what, error.hint)
            return
        api = KubeApi(access, user_agent=_AGENT)
        try:
            if entry.runner.kubernetes.namespace_per_job:
                yield await self._own_namespace(api, entry, place.inside("namespace_per_job"))
                return
            async for found in self._ask(api, access.url, entry, place):
                yield found
        except ServiceError as error:
            what = f"leads to a cluster that does not answer: {error.message}"
            yield note_at(place, "refused", what)
        finally:
            await api.close()

    def _access(self, kubernetes: KubernetesConfig) -> Access:
        if self._cluster == OWN_WAY:
            return load_access(kubernetes, self._environ)
        return load_context(self._cluster, self._environ)

    async def _ask(
        self, api: KubeApi, url: str, entry: Entry, place: Place
    ) -> AsyncIterator[Found]:
        namespace = entry.runner.kubernetes.namespace or "default"
        for reference in referred(entry.runner.kubernetes):
            if found := await _look(api, namespace, reference, place):
                yield found
        try:
            manifests = self._build(entry.runner)
            pod, warnings = await _try(api, namespace, manifests)
        except JobRefused as refusal:
            what = f"would have a plain job refused: {refusal.message}"
            yield note_at(place, "careful", what, refusal.hint)
            return
        except (Rejected, Gone) as error:
            if _NO_ACCOUNT not in error.message:  # that one is said by its key
                yield _refusal(error, namespace, place)
            return
        for warning in warnings:
            yield note_at(place, "careful", f"makes a pod of which the cluster warns: {warning}")
        share = quota.Share(pod, 1 + len(manifests.extra), entry.runner.limit)
        if unseen := await self._count(api, (url, namespace), share, place):
            yield unseen

    async def _own_namespace(self, api: KubeApi, entry: Entry, place: Place) -> Found:
        """Only the namespace can be tried: in one that is not there the API takes nothing."""
        try:
            made = self._build(entry.runner).own_namespace
            await api.try_create(NAMESPACE, "", made or {})
        except JobRefused as refusal:
            return note_at(place, "careful", f"would have a plain job refused: {refusal.message}")
        except (Rejected, Gone) as error:
            kind: NoteKind = "unsure" if _NO_RIGHT in error.message else "refused"
            return note_at(place, kind, f"makes namespaces, which is refused: {error.message}")
        what = "makes a namespace for each job: whether it takes the job's pod is not known before"
        return note_at(place, "unsure", what)

    async def _count(
        self, api: KubeApi, key: tuple[str, str], share: quota.Share, place: Place
    ) -> Found | None:
        """Note what the runner's jobs ask for in their namespace, and what that has for them."""
        unseen = None
        if key not in self._namespaces:
            quotas, unseen = await _quotas(api, key[1], place)
            self._namespaces[key] = Namespace(quotas)
        self._namespaces[key].shares.append(share)
        return unseen


async def _try(
    api: KubeApi, namespace: str, manifests: Manifests
) -> tuple[Manifest, tuple[str, ...]]:
    """The pod as the API would store it, with the namespace's defaults, and its warnings."""
    record, _ = await api.try_create(SECRET, namespace, manifests.record)
    owner = {"apiVersion": "v1", "kind": "Secret"} | {
        key: record["metadata"][key] for key in ("name", "uid")
    }
    for extra in manifests.extra:
        await api.try_create(SECRET, namespace, extra)
    metadata = manifests.pod["metadata"] | {"ownerReferences": [owner]}
    return await api.try_create(POD, namespace, manifests.pod | {"metadata": metadata})


async def _look(api: KubeApi, namespace: str, one: Reference, place: Place) -> Found | None:
    """What is to be said of an object that the settings name; None: it is there."""
    at = place.down(one.key)
    kind, word = _KINDS[one.kind]
    try:
        await api.get(kind, namespace, one.name)
    except Gone:
        what = f"names a {word} that is not in namespace {namespace}: {one.name}"
        return note_at(at, "refused", what, "make it there, or mend the name")
    except Rejected as error:
        what = f"names a {word} that we may not see, so it may be missing: {error.message}"
        return note_at(at, "unsure", what)
    return None


async def _quotas(
    api: KubeApi, namespace: str, place: Place
) -> tuple[tuple[Manifest, ...], Found | None]:
    try:
        answer = await api.read(QUOTA.path(namespace), {}, metadata_only=False)
    except (Rejected, Gone) as error:
        what = f"may be bounded by a quota of the namespace, which we may not see: {error.message}"
        return (), note_at(place, "unsure", what)
    return tuple(msgspec.json.decode(answer.body).get("items", ())), None


def _refusal(error: ServiceError, namespace: str, place: Place) -> Found:
    if error.status == 404:
        what = f"is no namespace of the cluster: {error.message}"
        hint = f"`kubectl create namespace {namespace}` makes it"
        return note_at(place.inside("namespace"), "refused", what, hint)
    if _NO_RIGHT in error.message:
        what = f"cannot be tried without the right to make such objects: {error.message}"
        return note_at(place, "unsure", what)
    if QUOTA_FULL in error.message:
        what = f"makes a pod for which the namespace has no room now: {error.message}"
        return note_at(place, "careful", what)
    hint = refusals.of_admission(error.message)
    return note_at(place, "refused", f"makes a pod that the cluster refuses: {error.message}", hint)


def _lack(place: Place, lack: quota.Lack, namespace: str, places: int) -> Found:
    jobs = "1 job" if places == 1 else f"{places} jobs"
    what = (
        f"allows {jobs} at once, which ask for {lack.asked} of {lack.resource} in namespace"
        f" {namespace}: its quota `{lack.quota}` is {lack.hard}, with room for {lack.room}"
    )
    hint = "the pods of further jobs wait for room, and fail after `poll_timeout`"
    return note_at(place, "careful", what, hint)
