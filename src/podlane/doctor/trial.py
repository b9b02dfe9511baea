"""A trial pod, on request: do the images come, and is GitLab reached from where jobs run?

It is the pod of a plain job without its volumes and variables. The helper's container tries to
reach GitLab, the job's runs a shell that does nothing. The pod goes away whatever happens.
"""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from copy import deepcopy
from urllib.parse import urlsplit

import msgspec

from podlane.clients.kube.api import KubeApi
from podlane.clients.kube.kinds import POD, SECRET
from podlane.core.config.model import RunnerConfig
from podlane.core.pod import evidence
from podlane.core.pod.manifests import Manifest, Manifests
from podlane.core.pod.pull_credentials import CREDENTIALS
from podlane.core.pod.state import ContainerState, PodState, RawPod, parse_pod
from podlane.doctor.finding import Finding, failed, ok, skipped, without_credentials
from podlane.doctor.patient import Patient
from podlane.errors import ServiceError

IMAGES, REACHED = "images", "gitlab from a pod"
NAME = "podlane-doctor"
_SECONDS = 180.0
_LOOK_SECONDS = 0.5
_LABELS = {"app.kubernetes.io/name": NAME}
_KEPT = ("name", "image", "imagePullPolicy", "resources", "securityContext")
_PULLS = ".dockerconfigjson"
_PROGRAMS = {
    "build": "a job's image needs a shell: name one that has `sh` as `image`",
    "helper": "`helper_image` in [runners.kubernetes] is podlane's own image: leave it out, or see "
    "that it is of this version",
}


async def trial(
    patient: Patient, api: KubeApi, runner: RunnerConfig, made: Manifests
) -> AsyncIterator[Finding]:
    if not patient.has_trial:
        for check in (IMAGES, REACHED):
            yield skipped(check, "not tried: --trial-pod makes a pod that does")
        return
    namespace = made.namespace or runner.kubernetes.namespace
    name = f"{NAME}-{secrets.token_hex(3)}"
    try:
        await _make(api, namespace, trial_pod(name, made, runner), made)
        pod = await _watched(api, namespace, name)
    except ServiceError as error:
        for check in (IMAGES, REACHED):
            yield skipped(check, f"the trial pod could not be: {error.message}")
        return
    finally:
        await _remove(api, namespace, name)
    for one in _images(pod):
        yield one
    yield _reached(pod, runner.url)


def trial_pod(name: str, made: Manifests, runner: RunnerConfig) -> Manifest:
    """The pod of a job, with what is needed to pull its images and to run where it would run."""
    spec = deepcopy(made.pod["spec"])
    to = without_credentials(runner.url)
    commands = {"helper": ["podlane", "doctor", "--reach", to]}
    if runner.kubernetes.image:  # else each job brings its own
        commands["build"] = ["sh", "-c", "exit 0"]
    spec["containers"] = [
        {
            **{key: one[key] for key in _KEPT if key in one},
            "command": commands[one["name"]],
            "terminationMessagePolicy": "FallbackToLogsOnError",
        }
        for one in spec["containers"]
        if one["name"] in commands
    ]
    for key in ("volumes", "initContainers"):
        spec.pop(key, None)
    record = made.record["metadata"].get("name")
    if pulls := spec.get("imagePullSecrets"):
        spec["imagePullSecrets"] = [
            {"name": name if one["name"] == record else one["name"]} for one in pulls
        ]
    spec |= {"activeDeadlineSeconds": int(_SECONDS), "terminationGracePeriodSeconds": 1}
    noted = made.pod["metadata"].get("annotations") or {}
    kept = {key: text for key, text in noted.items() if key == CREDENTIALS}
    meta = {"name": name, "labels": _LABELS, "annotations": kept}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": meta, "spec": spec}


async def _make(api: KubeApi, namespace: str, pod: Manifest, made: Manifests) -> None:
    name = pod["metadata"]["name"]
    if {"name": name} in (pod["spec"].get("imagePullSecrets") or ()):
        held = made.record.get("data") or {}
        meta = {"name": name, "labels": _LABELS}
        secret = {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": meta,
            "data": {_PULLS: held[_PULLS]},
        }
        await api.create(SECRET, namespace, secret | {"type": "kubernetes.io/dockerconfigjson"})
    await api.create(POD, namespace, pod)


async def _remove(api: KubeApi, namespace: str, name: str) -> None:
    """Even when we are being stopped."""
    for kind in (POD, SECRET):
        with suppress(ServiceError):
            await asyncio.shield(api.delete(kind, namespace, name, grace_seconds=0))


async def _watched(api: KubeApi, namespace: str, name: str) -> PodState:
    """The pod as it is when each container has ended, or cannot begin."""
    end = time.monotonic() + _SECONDS
    while True:
        raw = msgspec.convert(await api.get(POD, namespace, name), RawPod, strict=False)
        pod = msgspec.structs.replace(parse_pod(raw), record=name)
        if all(_is_over(one, pod) for one in pod.containers) or time.monotonic() > end:
            return pod
        await asyncio.sleep(_LOOK_SECONDS)


def _is_over(one: ContainerState, pod: PodState) -> bool:
    if one.phase == "terminated" or pod.phase == "Failed":
        return True
    return bool(_waits(one, pod))


def _waits(one: ContainerState, pod: PodState) -> tuple[str, ...]:
    """What keeps this container from starting, then what to do; nothing: it is on its way."""
    found = evidence.of_waiting(msgspec.structs.replace(pod, containers=(one,)))
    return found.lines if found is not None else ()


def _images(pod: PodState) -> Iterator[Finding]:
    """A line for each image that does not come or cannot run, or one for all."""
    bad = [found for one in pod.containers if (found := _image(one, pod))]
    yield from bad
    if not bad:
        names = dict.fromkeys(one.image for one in pod.containers)
        yield ok(IMAGES, f"pulled and run in {pod.namespace}: {', '.join(names)}")


def _image(one: ContainerState, pod: PodState) -> Finding | None:
    why = _waits(one, pod)
    if why:
        fix = " ".join(line.removeprefix("hint: ") for line in why[1:])
        return failed(IMAGES, why[0], fix)
    if one.phase == "terminated" and (one.exit_code == 0 or _has_run(one)):
        return None
    what = one.message or one.reason or pod.message or pod.unschedulable
    if one.phase == "terminated":
        fix = _PROGRAMS.get(one.name, "")
        return failed(IMAGES, f"{one.image} of container {one.name} does not run: {what}", fix)
    if pod.unschedulable:
        fix = "give the cluster a node that fits, or change requests, `node_selector`, tolerations"
        return failed(IMAGES, f"no node takes the pod: {what}", fix)
    fix = f"`kubectl -n {pod.namespace} get events` may tell more"
    said = what or f"it was not there within {_SECONDS:.0f} s"
    return failed(IMAGES, f"{one.image} of container {one.name}: {said}", fix)


def _has_run(one: ContainerState) -> bool:
    """The helper's program ran and said no: its image is good."""
    return one.name == "helper" and one.exit_code == 1


def _reached(pod: PodState, url: str) -> Finding:
    helper = pod.container("helper")
    if helper.phase != "terminated" or helper.exit_code not in (0, 1):
        return skipped(REACHED, "the helper did not run")
    if helper.exit_code == 0:
        return ok(REACHED, f"{urlsplit(url).hostname} is resolved and reached in {pod.namespace}")
    said = helper.message.strip().rpartition("\n")[2]
    fix = (
        "give the cluster's DNS that name, or jobs a way to it: `dns_config` or `host_aliases` in "
        "[runners.kubernetes]; look for a NetworkPolicy or firewall between nodes and GitLab"
    )
    return failed(REACHED, said or "a pod does not reach GitLab", fix)
