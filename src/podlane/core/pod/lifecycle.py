"""What Kubernetes does after a container's start and before its stop, as the config asks."""

from __future__ import annotations

from typing import Any

from podlane.core.config.container import LifecycleHandler
from podlane.core.config.kubernetes import KubernetesConfig
from podlane.core.pod.literal import without_empty
from podlane.errors import JobRefused

Manifest = dict[str, Any]
_KEYS = {"exec": "exec", "httpGet": "http_get", "tcpSocket": "tcp_socket"}


def lifecycle(kubernetes: KubernetesConfig) -> Manifest:
    """The same for every container of the pod. JobRefused for a hook with two handlers."""
    asked = kubernetes.container_lifecycle
    return {
        "postStart": _handler("post_start", asked.post_start),
        "preStop": _handler("pre_stop", asked.pre_stop),
    }


def _handler(name: str, asked: LifecycleHandler) -> Manifest:
    get, socket = asked.http_get, asked.tcp_socket
    headers = [{"name": one.name, "value": one.value} for one in get.http_headers]
    http: Manifest = {"host": get.host, "port": get.port or None, "path": get.path}
    http |= {"scheme": get.scheme.upper(), "httpHeaders": headers}
    written = {
        "exec": {"command": list(asked.exec.command)},
        "httpGet": http,
        "tcpSocket": {"host": socket.host, "port": socket.port or None},
    }
    found: Manifest = without_empty(written)
    if len(found) > 1:
        raise JobRefused(
            f"The runner's `container_lifecycle.{name}` has more than one handler: "
            f"{', '.join(_KEYS[key] for key in found)}",
            hint=f"leave one of them under [runners.kubernetes.container_lifecycle.{name}]",
            reference="container-lifecycle",
        )
    return found
