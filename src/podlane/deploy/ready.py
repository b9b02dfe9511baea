"""Whether the manager that was applied runs, and what keeps it from running."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Callable

from podlane.clients.kube.api import KubeApi
from podlane.clients.kube.objects import path_of
from podlane.core.deploy.wish import Manifest
from podlane.deploy.standing import pods
from podlane.deploy.workload import container
from podlane.errors import PodlaneError, ServiceError

_READY_SECONDS = 180.0
_STUCK_SECONDS = 45.0  # three tries of the kubelet
_LOOK_SECONDS = 0.5
_LINES = 50
_COLOUR = re.compile(r"\x1b\[[0-9;]*m")
_NO_IMAGE = ("ErrImagePull", "ImagePullBackOff", "InvalidImageName", "ErrImageNeverPull")
_STUCK = (
    *_NO_IMAGE,
    "CreateContainerConfigError",
    "CreateContainerError",
    "RunContainerError",
    "CrashLoopBackOff",
)


class NotReady(PodlaneError):
    """`is_stuck`: waiting will not help. `lacks_image`: for want of the image."""

    reference = "deploy-not-ready"

    def __init__(self, message: str, *, hint: str, is_stuck: bool, lacks_image: bool) -> None:
        super().__init__(message, hint=hint)
        self.is_stuck = is_stuck
        self.lacks_image = lacks_image


async def wait_until_ready(
    api: KubeApi, deployment: Manifest, tell: Callable[[str], None], limit: float = _READY_SECONDS
) -> None:
    """Wait until the new manager has listed the cluster; NotReady says what keeps it."""
    began, said, stuck_since = time.monotonic(), "", 0.0
    while not is_ready(await api.read_object(path_of(deployment))):
        why, now = await why_not(api, deployment), time.monotonic()
        if why and why != said:
            tell(f"  waiting: {why}")
            said = why
        stuck_since = (stuck_since or now) if _reason(why) in _STUCK else 0.0
        if now - began > limit or (stuck_since and now - stuck_since > _STUCK_SECONDS):
            why = why or said or await last_words(api, deployment)
            raise _not_ready(deployment, now - began, why, is_stuck=bool(stuck_since))
        await asyncio.sleep(_LOOK_SECONDS)


def _not_ready(deployment: Manifest, seconds: float, why: str, *, is_stuck: bool) -> NotReady:
    meta, image = deployment["metadata"], container(deployment)["image"]
    lacks_image = _reason(why) in _NO_IMAGE
    hint = (
        f"`kubectl -n {meta['namespace']} logs deployment/{meta['name']}` shows what it says; jobs "
        "that run do not notice"
    )
    if lacks_image:
        hint = (
            f"--image names podlane's own image: is {image} right, and can the nodes pull it? Jobs "
            "that run do not notice"
        )
    return NotReady(
        f"the manager is not ready after {seconds:.0f} s: {why or 'it does not say why'}",
        hint=hint,
        is_stuck=is_stuck,
        lacks_image=lacks_image,
    )


def _reason(why: str) -> str:
    return why.partition(":")[0]


def is_ready(found: Manifest) -> bool:
    status, wanted = found.get("status", {}), found["spec"].get("replicas", 1)
    counts = [status.get(key, 0) for key in ("updatedReplicas", "readyReplicas", "replicas")]
    is_seen = status.get("observedGeneration", 0) >= found["metadata"]["generation"]
    return is_seen and counts == [wanted] * 3


async def why_not(api: KubeApi, deployment: Manifest) -> str:
    """What the manager's pods, or their maker, say of themselves; "" when they say nothing."""
    for pod in await _managers(api, deployment):
        if text := _of_pod(pod):
            return text
    found = await api.read_object(path_of(deployment))
    for condition in found.get("status", {}).get("conditions", ()):
        if condition["type"] == "ReplicaFailure":
            return str(condition.get("message", ""))
    return ""


async def last_words(api: KubeApi, deployment: Manifest) -> str:
    """The last trouble that a manager which runs has told of; "" where we may not read its log."""
    for pod in await _managers(api, deployment):
        try:
            log = await api.log_tail(pod["metadata"]["namespace"], pod["metadata"]["name"], _LINES)
        except ServiceError:
            continue
        told = [" ".join(_COLOUR.sub("", line).split()) for line in log.splitlines()]
        if trouble := [line for line in told if line.startswith(("WARNING", "ERROR"))]:
            return trouble[-1]
    return ""


async def _managers(api: KubeApi, deployment: Manifest) -> list[Manifest]:
    labels = deployment["spec"]["selector"]["matchLabels"]
    query = ",".join(f"{key}={value}" for key, value in labels.items())
    return await pods(api, deployment["metadata"]["namespace"], query)


def _of_pod(pod: Manifest) -> str:
    for status in pod.get("status", {}).get("containerStatuses", ()):
        waiting = status.get("state", {}).get("waiting") or {}
        ended = status.get("lastState", {}).get("terminated") or {}
        if waiting.get("reason") not in (None, "", "ContainerCreating"):
            last = f" (it ended with exit code {ended['exitCode']})" if ended else ""
            return f"{waiting['reason']}: {waiting.get('message', '')}{last}"
    for condition in pod.get("status", {}).get("conditions", ()):
        if condition["type"] == "PodScheduled" and condition.get("status") == "False":
            return str(condition.get("message", ""))
    return ""
