"""The manager's own objects: account, Secret, ConfigMap, certificates and Deployment."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterable, Mapping

from podlane.core.config.rotation import rotates
from podlane.core.deploy.wish import (
    METRICS_PORT,
    NAMESPACES,
    Manifest,
    Wish,
    derived_system_id,
    metadata,
)
from podlane.core.text import seat_names

CONFIG_FOLDER = "/etc/podlane"
SECRETS_FOLDER = "/etc/podlane-secrets"
CERTIFICATES_FOLDER = "/etc/podlane-certificates"
_ACCOUNT_FOLDER = "/var/run/secrets/kubernetes.io/serviceaccount"
_USER = 1000
_TOKEN_SECONDS = 3607


def account(wish: Wish) -> Manifest:
    return {
        "apiVersion": "v1",
        "kind": "ServiceAccount",
        "metadata": metadata(wish, wish.name),
        "automountServiceAccountToken": False,
    }


def secret(wish: Wish) -> Manifest:
    data = {
        key: base64.b64encode(value.reveal().encode()).decode()
        for key, value in sorted(wish.secrets.items())
    }
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": metadata(wish, wish.name),
        "type": "Opaque",
        "data": data,
    }


def config_map(wish: Wish, places: Iterable[str]) -> Manifest:
    """`places`: the namespaces that Roles of the deployment are in."""
    noted = {"annotations": {NAMESPACES: " ".join(sorted(places))}}
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": metadata(wish, wish.name) | noted,
        "data": {"config.toml": wish.config_text},
    }


def certificates(wish: Wish) -> Manifest:
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": metadata(wish, f"{wish.name}-certificates"),
        "data": dict(sorted(wish.certificates.items())),
    }


def deployment(wish: Wish) -> Manifest:
    """One manager, or several; a new config or token is a new pod, and no job notices."""
    labels = wish.labels
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": metadata(wish, wish.name),
        "spec": {
            "replicas": wish.replicas,
            "revisionHistoryLimit": 0,
            "strategy": _strategy(wish),
            "selector": {"matchLabels": labels},
            "template": {
                "metadata": {"labels": labels, "annotations": _checksums(wish)},
                "spec": _pod_spec(wish),
            },
        },
    }


def _strategy(wish: Wish) -> Manifest:
    """Never two managers under one system id, and never more managers than seats."""
    if wish.replicas == 1:
        return {"type": "Recreate"}
    return {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 0, "maxUnavailable": 1}}


def leases(wish: Wish) -> tuple[Manifest, ...]:
    """The seats of several managers. Who sits there is written by them alone."""
    return tuple(_lease(wish, one) for one in range(wish.replicas) if wish.replicas > 1)


def seats_of(wish: Wish) -> tuple[str, ...]:
    return tuple(one["metadata"]["name"] for one in leases(wish))


def _lease(wish: Wish, ordinal: int) -> Manifest:
    meta = metadata(wish, seat_names.lease_name(wish.installation, ordinal))
    meta["labels"] |= seat_names.labels(wish.installation, ordinal)
    return {"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": meta}


def disruption_budget(wish: Wish) -> Manifest:
    return {
        "apiVersion": "policy/v1",
        "kind": "PodDisruptionBudget",
        "metadata": metadata(wish, wish.name),
        "spec": {"minAvailable": 1, "selector": {"matchLabels": wish.labels}},
    }


def _pod_spec(wish: Wish) -> Manifest:
    return {
        "serviceAccountName": wish.name,
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "terminationGracePeriodSeconds": 30,
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": _USER,
            "runAsGroup": _USER,
            "fsGroup": _USER,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "containers": [_container(wish)],
        "volumes": _volumes(wish),
        **_spread_out(wish),
        **wish.placement,
    }


def _spread_out(wish: Wish) -> Manifest:
    """One node that is lost shall not take all managers along, where there are several nodes."""
    if wish.replicas == 1:
        return {}
    rule = {
        "maxSkew": 1,
        "topologyKey": "kubernetes.io/hostname",
        "whenUnsatisfiable": "ScheduleAnyway",
        "labelSelector": {"matchLabels": wish.labels},
    }
    return {"topologySpreadConstraints": [rule]}


def _container(wish: Wish) -> Manifest:
    return {
        "name": "manager",
        "image": wish.image,
        "command": ["podlane"],
        "args": ["run"],
        "env": [*_named(_environment(wish)), *([_POD] if wish.replicas > 1 else [])],
        "ports": [{"name": "metrics", "containerPort": METRICS_PORT}],
        "livenessProbe": _probe("/health/live", period=20),
        "readinessProbe": _probe("/health/ready", period=3),
        "resources": {
            "requests": {"cpu": "50m", "memory": "100Mi"},
            "limits": {"cpu": "100m", "memory": "100Mi"},
        },
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        },
        "volumeMounts": [
            {"name": volume["name"], "mountPath": _PLACES[volume["name"]]}
            | ({} if "emptyDir" in volume else {"readOnly": True})
            for volume in _volumes(wish)
        ],
    }


_PLACES = {
    "config": CONFIG_FOLDER,
    "secrets": SECRETS_FOLDER,
    "certificates": CERTIFICATES_FOLDER,
    "account": _ACCOUNT_FOLDER,
    "tmp": "/tmp",
}


_POD = {"name": "PODLANE_POD", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}}


def _named(values: Mapping[str, str]) -> list[Manifest]:
    return [{"name": name, "value": value} for name, value in values.items()]


def _environment(wish: Wish) -> dict[str, str]:
    """No secret is in it: those are files."""
    found = {
        "CONFIG_FILE": f"{CONFIG_FOLDER}/config.toml",
        "LISTEN_ADDRESS": f":{METRICS_PORT}",
        "PODLANE_IMAGE": wish.image,
        "PODLANE_INSTALLATION": wish.installation,
        "PODLANE_SECRETS": SECRETS_FOLDER,
        "PODLANE_TOKEN_SECRET": f"{wish.namespace}/{wish.name}",
    }
    found["PODLANE_SYSTEM_ID"] = wish.system_id or derived_system_id(wish)
    if wish.replicas > 1:  # each has an id made of this one, by its seat
        found |= {"PODLANE_REPLICAS": str(wish.replicas), "PODLANE_NAMESPACE": wish.namespace}
    if wish.certificates:
        found["PODLANE_CERTIFICATES"] = CERTIFICATES_FOLDER
    if wish.extras.certificates_in_jobs:
        found["PODLANE_CERTIFICATES_IN_JOBS"] = "1"
    return found | dict(wish.proxies)


def _volumes(wish: Wish) -> list[Manifest]:
    found: list[Manifest] = [
        {"name": "config", "configMap": {"name": wish.name}},
        {"name": "secrets", "secret": {"secretName": wish.name, "defaultMode": 0o440}},
        {"name": "tmp", "emptyDir": {}},
    ]
    if wish.certificates:
        found.append({"name": "certificates", "configMap": {"name": f"{wish.name}-certificates"}})
    if needs_account(wish):
        found.append({"name": "account", "projected": {"sources": _account_sources()}})
    return found


def needs_account(wish: Wish) -> bool:
    """Whether some runner reaches the cluster by the manager's own account, or the manager itself
    has to, for a token that it exchanges or for its seat."""
    return wish.replicas > 1 or any(
        not one.kubernetes.host or rotates(one) for one in wish.config.runners
    )


def _account_sources() -> list[Manifest]:
    """What the API server gives every pod by itself, but short-lived and only where asked for."""
    return [
        {"serviceAccountToken": {"path": "token", "expirationSeconds": _TOKEN_SECONDS}},
        {"configMap": {"name": "kube-root-ca.crt", "items": [{"key": "ca.crt", "path": "ca.crt"}]}},
        {
            "downwardAPI": {
                "items": [{"path": "namespace", "fieldRef": {"fieldPath": "metadata.namespace"}}]
            }
        },
    ]


def _probe(path: str, *, period: int) -> Manifest:
    return {
        "httpGet": {"path": path, "port": "metrics"},
        "periodSeconds": period,
        "timeoutSeconds": 5,
        "failureThreshold": 6,
    }


def _checksums(wish: Wish) -> dict[str, str]:
    """A change of what is mounted starts a new pod at once; the kubelet would take a minute."""
    revealed = {key: value.reveal() for key, value in sorted(wish.secrets.items())}
    whole = json.dumps([wish.config_text, revealed, dict(wish.certificates)], sort_keys=True)
    return {"podlane.dev/config": hashlib.sha256(whole.encode()).hexdigest()[:16]}
