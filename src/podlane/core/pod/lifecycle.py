"""What Kubernetes does after a container's start and before its stop, as the config asks."""

from __future__ import annotations

from typing import Any

from podlane.core.config.container import HttpGet, LifecycleHandler
from podlane.core.config.kubernetes import KubernetesConfig

Manifest = dict[str, Any]


def lifecycle(kubernetes: KubernetesConfig) -> Manifest:
    """The same for every container of the pod."""
    asked = kubernetes.container_lifecycle
    return {
        "postStart": _handler(asked.post_start),
        "preStop": _handler(asked.pre_stop),
    }


def _handler(asked: LifecycleHandler) -> Manifest:
    """`core.config.container` has seen to it that there is one."""
    found: Manifest = {}
    if asked.exec is not None:
        found["exec"] = {"command": list(asked.exec.command)}
    if asked.http_get is not None:
        found["httpGet"] = _http_get(asked.http_get)
    if (socket := asked.tcp_socket) is not None:
        found["tcpSocket"] = {"host": socket.host, "port": socket.port}
    return found


def _http_get(asked: HttpGet) -> Manifest:
    return {
        "host": asked.host,
        "port": asked.port,
        "path": asked.path,
        "scheme": asked.scheme.upper(),
        "httpHeaders": [{"name": one.name, "value": one.value} for one in asked.http_headers],
    }
