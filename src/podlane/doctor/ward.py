"""One runner's namespace: would the pod of a plain job be taken, and is there what it names?

The API server is asked by a trial run, which goes through every admission it has: quota, limits,
Pod Security, and what others have put in its way. Nothing is made.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from copy import deepcopy

from podlane.clients.kube.api import KubeApi
from podlane.clients.kube.kinds import POD
from podlane.core.config.model import RunnerConfig
from podlane.core.pod.manifests import Manifest, Manifests
from podlane.doctor import admission
from podlane.doctor.finding import Finding, failed, skipped
from podlane.doctor.objects import account, objects
from podlane.doctor.patient import Patient
from podlane.doctor.trial import NAME, trial
from podlane.errors import Gone, JobRefused, ServiceError

_CHECKS = ("quota and limits", "pod security", "service account", "secrets")


async def ward(patient: Patient, api: KubeApi, runner: RunnerConfig) -> AsyncIterator[Finding]:
    whose = patient.whose(runner)
    made = _plain_job(patient, runner)
    if isinstance(made, str):
        for one in _unknown(f"{whose}{made}"):
            yield one
        return
    namespace = made.namespace or runner.kubernetes.namespace
    labels = await _labels(api, namespace)
    if isinstance(labels, Finding):
        for one in (labels, *_unknown(f"there is no namespace {namespace}")):
            yield one
        return
    refusal = await _refusal(api, namespace, made)
    for one in admission.findings(namespace, refusal, labels):
        yield _named(whose, one)
    yield _named(whose, await account(api, namespace, made.pod, refusal))
    for look in (objects(api, namespace, made), trial(patient, api, runner, made)):
        async for one in look:
            yield _named(whose, one)


def _plain_job(patient: Patient, runner: RunnerConfig) -> Manifests | str:
    """The objects of a plain job, or why there are none to look at."""
    if runner.kubernetes.namespace_per_job:
        return "each job makes a namespace of its own"
    try:
        return patient.rehearse(runner)
    except JobRefused as error:
        return f"the runner takes no plain job: {error.message}"


def _unknown(why: str) -> list[Finding]:
    return [skipped(check, why) for check in _CHECKS]


def _named(whose: str, one: Finding) -> Finding:
    return Finding(one.state, one.check, whose + one.message, one.fix) if whose else one


async def _labels(api: KubeApi, namespace: str) -> dict[str, str] | Finding | None:
    """The namespace's; None where we may not look at it."""
    try:
        found = await api.read_object(f"/api/v1/namespaces/{namespace}")
    except Gone:
        fix = f"kubectl create namespace {namespace}"
        return failed("namespace", f"there is no namespace {namespace}", fix)
    except ServiceError:
        return None
    return dict(found["metadata"].get("labels") or {})


async def _refusal(api: KubeApi, namespace: str, made: Manifests) -> ServiceError | None:
    """What the API server would say to the pod; None: it would take it."""
    pod: Manifest = deepcopy(made.pod)
    pod["metadata"]["name"] = NAME
    try:
        await api.try_create(POD, namespace, pod)
    except ServiceError as error:
        return error
    return None
