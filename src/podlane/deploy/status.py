"""How a deployment is: its manager, its runners and its jobs, as lines for people."""

from __future__ import annotations

from collections import Counter
from typing import Any

from podlane.clients.kube.api import KubeApi
from podlane.core.deploy.wish import Manifest, selector
from podlane.core.pod.seats import system_id
from podlane.deploy import jobs
from podlane.deploy.ready import is_ready, last_words, why_not
from podlane.deploy.standing import pods, standing
from podlane.deploy.uninstall import DRAIN
from podlane.deploy.workload import container, deployment_of, variables


async def status(api: KubeApi, name: str, namespace: str) -> dict[str, Any]:
    """What is known, as plain values. PodlaneError when there is no such deployment."""
    deployment = deployment_of(await standing(api, name, namespace), name, namespace)
    told = variables(deployment)
    managers = await pods(api, namespace, selector(name))
    label = told.get("PODLANE_INSTALLATION", "")
    running = await jobs.jobs(api, await jobs.installation(api, name, namespace, label))
    return {
        "ready": is_ready(deployment),
        "waiting_for": "" if is_ready(deployment) else await _why_not(api, deployment),
        "draining": bool(told.get(DRAIN)),
        "image": container(deployment)["image"],
        "system_id": " ".join(_system_ids(told)),
        "managers": [_manager(one) for one in managers],
        "jobs": dict(Counter(one.phase for one in running if one.phase)),
    }


def _system_ids(told: dict[str, str]) -> list[str]:
    """Each of several managers has one made of the first."""
    base, replicas = told.get("PODLANE_SYSTEM_ID", ""), told.get("PODLANE_REPLICAS", "1")
    return [system_id(base, number) for number in range(int(replicas))] if base else []


async def _why_not(api: KubeApi, deployment: Manifest) -> str:
    return await why_not(api, deployment) or await last_words(api, deployment)


def _manager(pod: Manifest) -> dict[str, Any]:
    statuses = pod.get("status", {}).get("containerStatuses") or [{}]
    return {
        "pod": pod["metadata"]["name"],
        "node": pod["spec"].get("nodeName", ""),
        "phase": pod.get("status", {}).get("phase", ""),
        "started_at": pod.get("status", {}).get("startTime", ""),
        "restarts": statuses[0].get("restartCount", 0),
    }
