"""What the API server fills in where a new object is silent, and merge patches."""

from __future__ import annotations

import base64
import secrets
from typing import Any

from podlane.local.cluster.kinds import NAMESPACE, POD, SECRET, Kind, Object

_NAME_SIGNS = "bcdfghjklmnpqrstvwxz2456789"
_TOLERATIONS = [
    {
        "key": f"node.kubernetes.io/{taint}",
        "operator": "Exists",
        "effect": "NoExecute",
        "tolerationSeconds": 300,
    }
    for taint in ("not-ready", "unreachable")
]


def complete(kind: Kind, namespace: str, item: Object) -> Object:
    """Return `item` with the server's defaults; status and other server's fields are replaced."""
    metadata = dict(item.get("metadata") or {})
    for field in ("uid", "resourceVersion", "creationTimestamp", "deletionTimestamp", "selfLink"):
        metadata.pop(field, None)
    if not metadata.get("name") and metadata.get("generateName"):
        tail = "".join(secrets.choice(_NAME_SIGNS) for _ in range(5))
        metadata["name"] = metadata["generateName"] + tail
    metadata |= {"namespace": namespace} if kind.is_namespaced else {}
    completed = {"kind": kind.name, "apiVersion": kind.api_version, "metadata": metadata}
    completed |= {key: value for key, value in item.items() if key not in completed}
    if kind is SECRET:
        return _complete_secret(completed)
    if kind is NAMESPACE:
        own = {"kubernetes.io/metadata.name": metadata.get("name", "")}
        metadata["labels"] = (metadata.get("labels") or {}) | own
        return completed | {"spec": {"finalizers": ["kubernetes"]}, "status": {"phase": "Active"}}
    if kind is POD:
        completed["metadata"] = metadata | {"generation": 1}
        return _complete_pod(completed)
    return completed


def _complete_secret(secret: Object) -> Object:
    texts = secret.pop("stringData", None) or {}
    if texts:
        encoded = {key: base64.b64encode(text.encode()).decode() for key, text in texts.items()}
        secret["data"] = (secret.get("data") or {}) | encoded
    secret.setdefault("type", "Opaque")
    return secret


def _complete_pod(pod: Object) -> Object:
    spec = pod.get("spec") or {}
    account = spec.get("serviceAccountName", "default")
    spec = {
        "restartPolicy": "Always",
        "terminationGracePeriodSeconds": 30,
        "dnsPolicy": "ClusterFirst",
        "serviceAccountName": account,
        "serviceAccount": account,
        "securityContext": {},
        "schedulerName": "default-scheduler",
        "tolerations": _TOLERATIONS,
        "priority": 0,
        "enableServiceLinks": True,
        "preemptionPolicy": "PreemptLowerPriority",
    } | spec
    for group in ("initContainers", "containers"):
        if group in spec:
            spec[group] = [_complete_container(item) for item in spec[group] or []]
    if spec.get("volumes"):
        spec["volumes"] = [_complete_volume(volume) for volume in spec["volumes"]]
    qos = quality(spec)
    return pod | {"spec": spec, "status": {"phase": "Pending", "qosClass": qos}}


def _complete_volume(volume: Object) -> Object:
    modes = {
        source: {"defaultMode": 0o644} | volume[source]
        for source in ("secret", "configMap", "downwardAPI", "projected")
        if source in volume
    }
    return volume | modes


def _complete_container(container: Object) -> Object:
    image = container.get("image", "")
    is_latest = image.endswith(":latest") or ":" not in image.rpartition("/")[2]
    policy = "Always" if is_latest and "@" not in image else "IfNotPresent"
    resources = dict(container.get("resources") or {})
    if resources.get("limits"):
        resources["requests"] = resources["limits"] | (resources.get("requests") or {})
    completed = {
        "terminationMessagePath": "/dev/termination-log",
        "terminationMessagePolicy": "File",
        "imagePullPolicy": policy,
    }
    return completed | container | {"resources": resources}


def quality(spec: Object) -> str:
    """The QoS class, by the API's rule on requests and limits of cpu and memory."""
    given = []
    for container in spec.get("containers") or []:
        resources = container.get("resources") or {}
        limits, requests = resources.get("limits") or {}, resources.get("requests") or {}
        for name in ("cpu", "memory"):
            given.append((requests.get(name, limits.get(name)), limits.get(name)))
    if all(request is None and limit is None for request, limit in given):
        return "BestEffort"
    if all(limit is not None and request == limit for request, limit in given):
        return "Guaranteed"
    return "Burstable"


def merge(target: Any, patch: Any) -> Any:
    """Apply a JSON merge patch (RFC 7386); neither argument is changed."""
    if not isinstance(patch, dict):
        return patch
    merged = dict(target) if isinstance(target, dict) else {}
    for key, value in patch.items():
        if value is None:
            merged.pop(key, None)
        else:
            merged[key] = merge(merged.get(key), value)
    return merged
