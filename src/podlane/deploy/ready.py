"""Whether the manager that was applied runs, and what keeps it from running."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

from podlane.clients.kube.api import KubeApi
from podlane.clients.kube.objects import path_of
from podlane.core.deploy.wish import Manifest
from podlane.deploy.standing import pods
from podlane.errors import PodlaneError

_READY_SECONDS = 180.0
_LOOK_SECONDS = 0.5


async def wait_until_ready(
    api: KubeApi, deployment: Manifest, tell: Callable[[str], None], limit: float = _READY_SECONDS
) -> None:
    """Wait until the new manager has listed the cluster; PodlaneError says what keeps it."""
    end, said = time.monotonic() + limit, ""
    while not is_ready(await api.read_object(path_of(deployment))):
        why = await why_not(api, deployment)
        if why and why != said:
            tell(f"  waiting: {why}")
            said = why
        if time.monotonic() > end:
            meta = deployment["metadata"]
            raise PodlaneError(
                f"the manager is not ready after {limit:.0f} s: {said or 'it does not say why'}",
                hint=f"`kubectl -n {meta['namespace']} logs deployment/{meta['name']}` shows "
                "what it says; jobs that run do not notice",
                reference="deploy-not-ready",
            )
        await asyncio.sleep(_LOOK_SECONDS)


def is_ready(found: Manifest) -> bool:
    status, wanted = found.get("status", {}), found["spec"].get("replicas", 1)
    counts = [status.get(key, 0) for key in ("updatedReplicas", "readyReplicas", "replicas")]
    is_seen = status.get("observedGeneration", 0) >= found["metadata"]["generation"]
    return is_seen and counts == [wanted] * 3


async def why_not(api: KubeApi, deployment: Manifest) -> str:
    """What the manager's pods, or their maker, say of themselves; "" when they say nothing."""
    labels = deployment["spec"]["selector"]["matchLabels"]
    query = ",".join(f"{key}={value}" for key, value in labels.items())
    for pod in await pods(api, deployment["metadata"]["namespace"], query):
        if text := _of_pod(pod):
            return text
    found = await api.read_object(path_of(deployment))
    for condition in found.get("status", {}).get("conditions", ()):
        if condition["type"] == "ReplicaFailure":
            return str(condition.get("message", ""))
    return ""


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
