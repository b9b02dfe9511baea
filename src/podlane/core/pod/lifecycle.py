"""What Kubernetes does after a container's start and before its stop, as the config asks."""

from __future__ import annotations

from typing import Any

from podlane.core.config.container import HttpGet, LifecycleHandler, handlers
from podlane.core.config.kubernetes import KubernetesConfig
from podlane.errors import JobRefused

Manifest = dict[str, Any]


def lifecycle(kubernetes: KubernetesConfig) -> Manifest:
    """The same for every container of the pod. JobRefused for a hook with two handlers."""
    asked = kubernetes.container_lifecycle
    return {
        "postStart": _handler("post_start", asked.post_start),
        "preStop": _handler("pre_stop", asked.pre_stop),
    }


def _handler(name: str, asked: LifecycleHandler) -> Manifest:
    if len(named := handlers(asked)) > 1:
        raise JobRefused(
            f"The runner's `container_lifecycle.{name}` has more than one handler: "
            f"{', '.join(named)}",
            hint=f"leave one of them under [runners.kubernetes.container_lifecycle.{name}]",
            reference="container-lifecycle",
        )
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
