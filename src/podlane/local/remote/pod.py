"""The coordinator as a pod: the embedded GitLab where the jobs' pods can reach it."""

from __future__ import annotations

from typing import Any

import msgspec

from podlane.core.text.token import Token

Manifest = dict[str, Any]
PORT = 8080
_LONGEST_SECONDS = 24 * 3600
_LABELS = {
    "app.kubernetes.io/name": "podlane",
    "app.kubernetes.io/component": "local-coordinator",
}


class Seat(msgspec.Struct, frozen=True):
    """Where the coordinator is to be. `name` is that of its pod and its Secret."""

    namespace: str
    name: str
    image: str
    control: Token


def secret(seat: Seat) -> Manifest:
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": seat.name, "labels": _LABELS},
        "stringData": {"control": seat.control.reveal()},
    }


def pod(seat: Seat) -> Manifest:
    """It needs no right in the cluster, and ends by itself when it is forgotten."""
    control = {"secretKeyRef": {"name": seat.name, "key": "control"}}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": seat.name, "labels": _LABELS},
        "spec": {
            "restartPolicy": "Never",
            "automountServiceAccountToken": False,
            "activeDeadlineSeconds": _LONGEST_SECONDS,
            "terminationGracePeriodSeconds": 5,
            "securityContext": {
                "runAsUser": 1000,
                "runAsGroup": 1000,
                "fsGroup": 1000,
                "runAsNonRoot": True,
                "seccompProfile": {"type": "RuntimeDefault"},
            },
            "containers": [
                {
                    "name": "coordinator",
                    "image": seat.image,
                    "command": ["podlane", "coordinator", "--root", "/data", "--port", str(PORT)],
                    "env": [
                        {"name": "PODLANE_CONTROL_TOKEN", "valueFrom": control},
                        {"name": "HOME", "value": "/data"},
                    ],
                    "ports": [{"containerPort": PORT}],
                    "readinessProbe": {"tcpSocket": {"port": PORT}, "periodSeconds": 1},
                    "resources": {"requests": {"cpu": "50m", "memory": "64Mi"}},
                    "securityContext": {
                        "allowPrivilegeEscalation": False,
                        "readOnlyRootFilesystem": True,
                        "capabilities": {"drop": ["ALL"]},
                    },
                    "volumeMounts": [
                        {"name": "data", "mountPath": "/data"},
                        {"name": "tmp", "mountPath": "/tmp"},
                    ],
                }
            ],
            "volumes": [{"name": "data", "emptyDir": {}}, {"name": "tmp", "emptyDir": {}}],
        },
    }
