"""What the config may say of every container and of the finished pod: hooks, and patches."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec


class ExecAction(msgspec.Struct, frozen=True):
    command: tuple[str, ...] = ()


class HttpHeader(msgspec.Struct, frozen=True):
    name: str = ""
    value: str = ""


class HttpGet(msgspec.Struct, frozen=True):
    host: str = ""
    port: int = 0
    path: str = ""
    scheme: str = ""
    http_headers: tuple[HttpHeader, ...] = ()


class TcpSocket(msgspec.Struct, frozen=True):
    host: str = ""
    port: int = 0


class LifecycleHandler(msgspec.Struct, frozen=True):
    """One of the three; Kubernetes knows no more than one."""

    exec: ExecAction = ExecAction()
    http_get: HttpGet = HttpGet()
    tcp_socket: TcpSocket = TcpSocket()


class ContainerLifecycle(msgspec.Struct, frozen=True):
    """`container_lifecycle`."""

    post_start: LifecycleHandler = LifecycleHandler()
    pre_stop: LifecycleHandler = LifecycleHandler()


class PodSpecPatch(msgspec.Struct, frozen=True):
    """`[[runners.kubernetes.pod_spec]]`: `patch`: YAML or JSON; `patch_path`: a file."""

    name: str = ""
    patch: str = ""
    patch_path: str = ""
    patch_type: str = "strategic"


def faults_of_patch(patch: PodSpecPatch) -> Iterator[tuple[str, str, str]]:
    if patch.patch and patch.patch_path:
        yield "patch_path", "stands beside `patch`, and one patch has one text", "leave one of them"
