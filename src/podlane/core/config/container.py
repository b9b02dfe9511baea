"""What the config may say of every container and of the finished pod: hooks, and patches."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

_SCHEMES = ("", "HTTP", "HTTPS")


class ExecAction(msgspec.Struct, frozen=True):
    command: tuple[str, ...]


class HttpHeader(msgspec.Struct, frozen=True):
    name: str
    value: str = ""


class HttpGet(msgspec.Struct, frozen=True):
    port: int
    host: str = ""
    path: str = ""
    scheme: str = ""
    http_headers: tuple[HttpHeader, ...] = ()


class TcpSocket(msgspec.Struct, frozen=True):
    port: int
    host: str = ""


class LifecycleHandler(msgspec.Struct, frozen=True):
    """One of the three; Kubernetes knows no more than one."""

    exec: ExecAction | None = None
    http_get: HttpGet | None = None
    tcp_socket: TcpSocket | None = None


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


def handlers(hook: LifecycleHandler) -> list[str]:
    return [key for key in ("exec", "http_get", "tcp_socket") if getattr(hook, key) is not None]


def hints_of_hook(hook: LifecycleHandler) -> Iterator[tuple[str, ...]]:
    if len(found := handlers(hook)) > 1:
        yield "", f"has more than one handler ({', '.join(found)}): each job fails", "leave one"


def faults_of_request(asked: HttpGet | TcpSocket) -> Iterator[tuple[str, str]]:
    if not 1 <= asked.port <= 65535:
        yield "port", f"must be a port, and is {asked.port}"
    if isinstance(asked, HttpGet) and asked.scheme.upper() not in _SCHEMES:
        yield "scheme", "must be HTTP or HTTPS"


def faults_of_header(header: HttpHeader) -> Iterator[tuple[str, str]]:
    if not header.name:
        yield "name", "must not be empty"
