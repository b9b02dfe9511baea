"""Each right that the config needs, asked of the API server itself."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator, Iterable

import msgspec

from podlane.clients.kube.api import KubeApi
from podlane.core.config.model import Config, RunnerConfig
from podlane.core.deploy import rights as needed
from podlane.core.deploy.rights import Rules
from podlane.doctor.finding import Finding, failed, ok, skipped
from podlane.doctor.patient import Patient
from podlane.errors import ServiceError

CHECK = "cluster rights"
SEATS = "to take a seat among several managers,"
TOKEN = "to write down a new token before the old one ends,"
_REVIEWS = "/apis/authorization.k8s.io/v1"
_WHO = "/apis/authentication.k8s.io/v1/selfsubjectreviews"


class Right(msgspec.Struct, frozen=True):
    """`namespace` is empty for a right in all of them, `name` for one to all objects of a kind."""

    namespace: str
    group: str
    resource: str
    verb: str
    name: str = ""


async def rights(
    patient: Patient, api: KubeApi, runners: list[RunnerConfig]
) -> AsyncIterator[Finding]:
    """One line for each namespace that jobs of these runners reach."""
    own = patient.account
    reach = needed.rights(
        Config(runners=tuple(map(_without_host, runners))),
        own.namespace if own else "",
        own.name if own else "",
        own.seats if own else (),
    )
    places = {place: rules for place, rules in reach.namespaces.items() if place}
    if reach.everywhere:
        places[""] = reach.everywhere
    asker = await _asker(patient, api, runners)
    for place, rules in sorted(places.items()):
        if wanted := _wanted(place, rules):
            yield await _of_place(asker, place, wanted)
    if own is None or runners[0].kubernetes.host:
        return
    if reach.token_secret:
        secret = Right(own.namespace, "", "secrets", "patch", reach.token_secret)
        yield await _of_place(asker, own.namespace, [secret], TOKEN)
    if reach.seats:
        group = "coordination.k8s.io"
        seats = [Right(own.namespace, group, "leases", "patch", one) for one in reach.seats]
        yield await _of_place(asker, own.namespace, seats, SEATS)


def _wanted(place: str, rules: Rules) -> list[Right]:
    return [
        Right(place, *key, verb) for key, verbs in sorted(rules.items()) for verb in sorted(verbs)
    ]


def _without_host(runner: RunnerConfig) -> RunnerConfig:
    """What brings an account of its own needs the same rights."""
    kubernetes = msgspec.structs.replace(runner.kubernetes, host="")
    return msgspec.structs.replace(runner, kubernetes=kubernetes)


class Asker(msgspec.Struct, frozen=True):
    """`user`: who is asked for; empty: not known. `account`: namespace and name, where it is a
    service account. `is_self`: the rights of whoever asks are told. `note`: what to know of it.
    `fix`: a command that gives all rights again."""

    api: KubeApi
    user: str
    is_self: bool
    note: str = ""
    fix: str = ""

    async def may(self, right: Right) -> bool:
        resource, _, sub = right.resource.partition("/")
        wanted = {
            "namespace": right.namespace,
            "verb": right.verb,
            "group": right.group,
            "resource": resource,
            "subresource": sub,
            "name": right.name,
        }
        spec: dict[str, object] = {"resourceAttributes": {k: v for k, v in wanted.items() if v}}
        if not self.is_self:
            spec |= {"user": self.user, "groups": _groups(self.user)}
        kind = "SelfSubjectAccessReview" if self.is_self else "SubjectAccessReview"
        review = {"apiVersion": "authorization.k8s.io/v1", "kind": kind, "spec": spec}
        answer = await self.api.create_object(f"{_REVIEWS}/{kind.lower()}s", review)
        return bool((answer.get("status") or {}).get("allowed"))


def _groups(user: str) -> list[str]:
    """Those that the API server gives a service account by itself."""
    namespace = user.split(":")[2]
    base = "system:serviceaccounts"
    return [base, f"{base}:{namespace}", "system:authenticated"]


async def _asker(patient: Patient, api: KubeApi, runners: list[RunnerConfig]) -> Asker:
    own = patient.account
    if own is None or own.is_ours or runners[0].kubernetes.host:
        return Asker(api, await _who_we_are(api), is_self=True)
    fix = patient.upgrade
    asker = Asker(api, own.user, is_self=False, fix=fix)
    try:
        await asker.may(Right(own.namespace, "", "pods", "list"))
    except ServiceError as error:
        if error.status != 403:
            return asker
        note = f" (your own rights: you may not ask for those of {own.user})"
        return Asker(api, await _who_we_are(api), is_self=True, note=note, fix=fix)
    return asker


async def _who_we_are(api: KubeApi) -> str:
    """The name the cluster knows us by; older ones do not tell."""
    review = {"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"}
    try:
        answer = await api.create_object(_WHO, review)
    except ServiceError:
        return ""
    return str(((answer.get("status") or {}).get("userInfo") or {}).get("username") or "")


async def _of_place(asker: Asker, place: str, wanted: list[Right], purpose: str = "") -> Finding:
    """`purpose`: what these are for, where that is not the jobs."""
    where = f"in {place}" if place else "in all namespaces"
    try:
        answers = await asyncio.gather(*map(asker.may, wanted))
    except ServiceError as error:
        return skipped(CHECK, f"the cluster cannot be asked {where}: {error.message}")
    lacking = [right for right, allowed in zip(wanted, answers, strict=True) if not allowed]
    whose = f"{asker.user or 'we'}{asker.note}"
    if not lacking:
        what = purpose or f"all {len(wanted)} that the config needs"
        return ok(CHECK, f"{what} {where}, as {whose}")
    return failed(
        CHECK, f"{_told(lacking)} {where}, as {whose}", asker.fix or _granted(asker, place, lacking)
    )


def _told(lacking: Iterable[Right]) -> str:
    found = {
        key.replace(" --resource-name=", " "): verbs for key, verbs in _by_resource(lacking).items()
    }
    return "; ".join(f"{key}: may not {', '.join(verbs)}" for key, verbs in found.items())


def _by_resource(lacking: Iterable[Right]) -> dict[str, list[str]]:
    """Verbs by resource, which is written as kubectl takes it."""
    found: dict[str, list[str]] = {}
    for right in lacking:
        resource, slash, sub = right.resource.partition("/")
        key = f"{resource}{f'.{right.group}' if right.group else ''}{slash}{sub}"
        key += f" --resource-name={right.name}" if right.name else ""
        found.setdefault(key, []).append(right.verb)
    return found


def _granted(asker: Asker, place: str, lacking: list[Right]) -> str:
    """The commands by which whoever administers the cluster gives what is lacking, no more."""
    kind, in_place = ("role", f" -n {place}") if place else ("clusterrole", "")
    by_verbs: dict[str, list[str]] = {}
    for resource, verbs in _by_resource(lacking).items():
        by_verbs.setdefault(",".join(verbs), []).append(resource)
    commands = []
    for words, resources in by_verbs.items():
        what = ",".join(resources)
        mark = hashlib.sha256(f"{words} {what}".encode()).hexdigest()[:4]
        name = f"podlane-{mark}"
        commands += [
            f"kubectl create {kind} {name}{in_place} --verb={words} --resource={what}",
            f"kubectl create {kind}binding {name}{in_place} --{kind}={name} {_subject(asker.user)}",
        ]
    return " && ".join(commands)


def _subject(user: str) -> str:
    if user.startswith("system:serviceaccount:"):
        return f"--serviceaccount={user.removeprefix('system:serviceaccount:')}"
    return f"--user={user or 'NAME'}"
