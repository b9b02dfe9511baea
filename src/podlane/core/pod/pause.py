"""The Deployment of a runner's pause pods, and the priority class that lets jobs take their place.

A pause pod asks for the room of a job's pod (build and helper container) and may stand wherever
that may. It carries no label by which podlane finds the pods of jobs.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from podlane.core.config.kubernetes import KubernetesConfig
from podlane.core.plan.context import RunnerContext
from podlane.core.pod import affinity, names
from podlane.core.pod.literal import without_empty
from podlane.core.pod.scheduling import node_selector, tolerations
from podlane.core.text.quantity import parse_quantity

PRIORITY_CLASS = "gitlab-runner-idle-capacity"
PAUSE = "runner.gitlab.com/pause-pod"
HEARTBEAT = "podlane.dev/heartbeat"  # seconds since the epoch
OWN = "podlane.dev/pause"  # on the pods: the name of their Deployment
_USER = 65535  # as the image has it


def name(context: RunnerContext) -> str:
    """Each manager has its own, told apart by the system id; several have one in common."""
    runner = context.runner
    key = names.runner_key(runner.url, runner.token)
    system = re.sub(r"[^a-z0-9]+", "-", (context.base_id or context.system_id).lower()).strip("-")
    return f"runner-pause-{key}-{system}"[:63].strip("-")


def selector(installation: str) -> str:
    """Finds the Deployments of pause pods of one installation."""
    return f"{names.selector(names.label_value(installation))},{PAUSE}=true"


def priority_class_name(kubernetes: KubernetesConfig) -> str:
    return kubernetes.autoscaler.pause_pod_priority_class_name or PRIORITY_CLASS


def priority_class() -> dict[str, Any]:
    """Below the pods that name no class, and never in the way of any."""
    return {
        "apiVersion": "scheduling.k8s.io/v1",
        "kind": "PriorityClass",
        "metadata": {"name": PRIORITY_CLASS, "labels": {names.MANAGED_BY: "podlane"}},
        "value": -1,
        "preemptionPolicy": "Never",
        "description": "Pause pods of GitLab runners: any job takes their place.",
    }


def deployment(context: RunnerContext, replicas: int, now: float) -> dict[str, Any]:
    runner = context.runner
    own = {
        names.MANAGED_BY: "podlane",
        names.INSTALLATION: names.label_value(context.installation),
        names.RUNNER: names.runner_key(runner.url, runner.token),
        PAUSE: "true",
    }
    pods = {OWN: name(context), PAUSE: "true"}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {
            "name": name(context),
            "namespace": runner.kubernetes.namespace or "default",
            "labels": own,
            "annotations": heartbeat(now),
        },
        "spec": {
            "replicas": replicas,
            "revisionHistoryLimit": 0,
            "strategy": {"type": "Recreate"},
            "selector": {"matchLabels": {OWN: name(context)}},
            "template": {
                "metadata": {"labels": pods},
                "spec": without_empty(_pod(runner.kubernetes)),
            },
        },
    }


def scaled(replicas: int, now: float) -> dict[str, Any]:
    """The patch that says how many there are to be, and that we live."""
    return {"metadata": {"annotations": heartbeat(now)}, "spec": {"replicas": replicas}}


def heartbeat(now: float) -> dict[str, str]:
    return {HEARTBEAT: str(int(now))}


def beat_of(annotations: Mapping[str, str]) -> float:
    """When a Deployment's manager last said that it lives; 0 if that is not to be read."""
    text = annotations.get(HEARTBEAT, "")
    return float(text) if re.fullmatch(r"[0-9]{1,15}", text) else 0.0


def _pod(kubernetes: KubernetesConfig) -> dict[str, Any]:
    settings = kubernetes.autoscaler
    secrets = (*kubernetes.image_pull_secrets, *settings.pause_pod_image_pull_secrets)
    return {
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "terminationGracePeriodSeconds": 0,  # a job waits for its place
        "priorityClassName": priority_class_name(kubernetes),
        "serviceAccountName": kubernetes.service_account,
        "runtimeClassName": kubernetes.runtime_class_name,
        "schedulerName": kubernetes.scheduler_name,
        "nodeSelector": node_selector(kubernetes),
        "affinity": affinity.affinity(kubernetes.affinity),
        "tolerations": tolerations(kubernetes),
        "imagePullSecrets": [{"name": one} for one in dict.fromkeys(secrets)],
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": _USER,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "containers": [
            {
                "name": "pause",
                "image": settings.pause_pod_image,
                "resources": {"requests": _requests(kubernetes)},
                "securityContext": {
                    "allowPrivilegeEscalation": False,
                    "capabilities": {"drop": ["ALL"]},
                },
            }
        ],
    }


def _requests(kubernetes: KubernetesConfig) -> dict[str, str]:
    return {
        "cpu": _sum(kubernetes, "cpu", Fraction(1, 1000), "m"),
        "memory": _sum(kubernetes, "memory", Fraction(1), ""),
    }


def _sum(kubernetes: KubernetesConfig, resource: str, unit: Fraction, suffix: str) -> str:
    """What build and helper container ask for together, or the pod as a whole; "" for nothing."""
    own = [_asked(kubernetes, scope, resource) for scope in ("", "helper_")]
    whole = _asked(kubernetes, "pod_", resource)
    if whole or len(given := [text for text in own if text]) < 2:
        return whole or "".join(own)
    total = sum(map(parse_quantity, given), Fraction(0)) / unit
    return f"{-(-total.numerator // total.denominator)}{suffix}"


def _asked(kubernetes: KubernetesConfig, scope: str, resource: str) -> str:
    """A limit alone is a request as well, to Kubernetes."""
    request = getattr(kubernetes, f"{scope}{resource}_request")
    return str(request or getattr(kubernetes, f"{scope}{resource}_limit"))
