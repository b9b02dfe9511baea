"""The clusters: each reached once, then looked at for each namespace and runner."""

from __future__ import annotations

from collections.abc import AsyncIterator

import msgspec

from podlane import __version__
from podlane.clients.kube.access import load_access, way
from podlane.clients.kube.api import KubeApi
from podlane.clients.kube.kinds import ACCOUNT
from podlane.core.config.model import RunnerConfig
from podlane.doctor.clock import clock
from podlane.doctor.finding import Finding, failed, ok, skipped, without_credentials
from podlane.doctor.patient import Patient
from podlane.doctor.rights import rights
from podlane.doctor.ward import ward
from podlane.errors import ConfigError, Gone, ServiceError

_NEEDED = ("cluster rights", "quota and limits", "pod security", "service account", "secrets")


async def cluster(patient: Patient) -> AsyncIterator[Finding]:
    """Runners that reach the same cluster in the same way are looked at together."""
    groups: dict[object, list[RunnerConfig]] = {}
    for runner in (_placed(patient, one) for one in patient.runners):
        groups.setdefault(way(runner.kubernetes), []).append(runner)
    for runners in groups.values():
        async for one in _group(patient, runners):
            yield one


def _placed(patient: Patient, runner: RunnerConfig) -> RunnerConfig:
    """The runner with the namespace and the context that are in force."""
    own = patient.namespace or (patient.account.namespace if patient.account else "default")
    kubernetes = msgspec.structs.replace(
        runner.kubernetes,
        namespace=runner.kubernetes.namespace or own,
        context=patient.context or runner.kubernetes.context,
    )
    return msgspec.structs.replace(runner, kubernetes=kubernetes)


async def _group(patient: Patient, runners: list[RunnerConfig]) -> AsyncIterator[Finding]:
    try:
        access = load_access(runners[0].kubernetes, patient.environ)
    except ConfigError as error:
        fix = error.hint or "see `host` and `context` in [runners.kubernetes]"
        for one in (failed("cluster", error.message, fix), *_unknown()):
            yield one
        return
    api = KubeApi(access, user_agent=f"podlane/{__version__}")
    try:
        async for one in _reached(patient, api, access.url, runners):
            yield one
    finally:
        await api.close()


async def _reached(
    patient: Patient, api: KubeApi, url: str, runners: list[RunnerConfig]
) -> AsyncIterator[Finding]:
    answers = await _reach(patient, api, url)
    for one in answers:
        yield one
    if any(one.state == "FAIL" for one in answers):
        for one in _unknown():
            yield one
        return
    if missing := await _own_account(patient, api, runners[0]):
        yield missing
    async for one in rights(patient, api, runners):
        yield one
    for runner in runners:
        async for one in ward(patient, api, runner):
            yield one


async def _own_account(patient: Patient, api: KubeApi, runner: RunnerConfig) -> Finding | None:
    """Whether the manager of a deployment lacks its account: then it has no pod."""
    own = patient.account
    if own is None or own.is_ours or runner.kubernetes.host:
        return None
    try:
        await api.get(ACCOUNT, own.namespace, own.name)
    except Gone:
        what = f"the manager's own, {own.name}, is not in {own.namespace}"
        return failed("service account", what, patient.upgrade)
    except ServiceError:
        return None
    return None


def _unknown() -> list[Finding]:
    return [skipped(check, "the cluster cannot be asked") for check in _NEEDED]


async def _reach(patient: Patient, api: KubeApi, url: str) -> list[Finding]:
    shown = without_credentials(url)
    try:
        answer = await api.read("/version", {}, metadata_only=False)
    except ServiceError as error:
        if error.status == 403:  # it has answered, and knows us
            return [ok("cluster", f"{shown} answers")]
        return [failed("cluster", error.message, _fix(error))]
    found = msgspec.json.decode(answer.body)
    version = found.get("gitVersion", "") if isinstance(found, dict) else ""
    return [
        ok("cluster", f"{shown} answers{f' ({version})' if version else ''}"),
        clock("cluster clock", "the cluster", answer.headers, patient.now()),
    ]


def _fix(error: ServiceError) -> str:
    if error.status == 401:
        return (
            "the cluster does not know us: log in anew (kubeconfig), or put a good `bearer_token` "
            "in [runners.kubernetes]"
        )
    if error.hint:
        return error.hint
    return (
        "check that the API server is up and reached from here: `host` in [runners.kubernetes], "
        "KUBECONFIG, its context (--context); HTTPS_PROXY and NO_PROXY"
    )
