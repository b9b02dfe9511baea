"""What a pod waits for, in one sentence for the job's author."""

from __future__ import annotations

from podlane.core.pod.state import PodState


def sentence(pod: PodState) -> str:
    """Say what the pod waits for; "" when its helper has begun."""
    return "" if pod.has_begun else what(pod)


def what(pod: PodState) -> str:
    """What a pod waits for that does not run yet as a whole."""
    where = f"{pod.namespace}/{pod.name}"
    if not pod.node:
        why = pod.unschedulable or "the scheduler has not said why"
        return f"Waiting for a node for pod {where}: {why}"
    for container in pod.containers:
        if container.phase == "waiting" and container.reason not in ("", "ContainerCreating"):
            message = f": {container.message}" if container.message else ""
            return f"Waiting for container {container.name}: {container.reason}{message}"
    return f"Waiting for node {pod.node} to start pod {where} (images, volumes)"
