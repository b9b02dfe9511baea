"""What the file alone shows to be wrong with `[runners.kubernetes.volumes]`.

Paths that hold variables are looked at again once a job has filled them (`core.pod.volumes`).
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator

import msgspec

from podlane.core.config.model import RunnerConfig
from podlane.core.config.volumes import (
    CsiVolume,
    EmptyDirVolume,
    FilesVolume,
    HostPathVolume,
    NfsVolume,
)

KINDS = ("host_path", "secret", "pvc", "config_map", "empty_dir", "csi", "nfs")
_NAMES_AN_OBJECT = ("secret", "pvc", "config_map")
_WHERE = ("name", "mount_path", "sub_path", "read_only", "mount_propagation")
_PROPAGATIONS = ("", "None", "HostToContainer", "Bidirectional")
_MEDIUM = re.compile(r"|Memory|HugePages(-[1-9]\d*[KMG]i)?")
Fault = tuple[str, str]


def faults(runner: RunnerConfig) -> Iterator[Fault]:
    """A runner's whole table, for where a volume may not be `pod_dir` says, as the file has it."""
    volumes, pod_dir = runner.kubernetes.volumes, runner.podlane.pod_dir
    every = [
        (kind, f"kubernetes.volumes.{kind}[{index}]", one)
        for kind in KINDS
        for index, one in enumerate(getattr(volumes, kind))
    ]
    paths: dict[str, str] = {}
    for _, at, one in every:
        yield from _path_faults(at, one, paths, pod_dir)
        yield from _own_faults(at, one)
    yield from _name_faults(every)


def _path_faults(
    at: str, one: msgspec.Struct, paths: dict[str, str], pod_dir: str
) -> Iterator[Fault]:
    path = absolute(getattr(one, "mount_path", ""))
    if path == "/":
        yield f"{at}.mount_path", "must be a folder or file below /"
    elif is_within(path, absolute(pod_dir)):
        yield f"{at}.mount_path", f"lies in podlane's own folder {pod_dir} (`podlane.pod_dir`)"
    elif path in paths:
        yield f"{at}.mount_path", f"is also the path of `{paths[path]}`: {path}"
    paths.setdefault(path, at)
    if what := path_fault(getattr(one, "sub_path", "")):
        yield f"{at}.sub_path", what


def _own_faults(at: str, one: msgspec.Struct) -> Iterator[Fault]:
    if getattr(one, "mount_propagation", "") not in _PROPAGATIONS:
        yield f"{at}.mount_propagation", f"must be one of: {', '.join(_PROPAGATIONS[1:])}"
    match one:
        case FilesVolume(items=items):
            yield from _items_faults(at, items)
        case CsiVolume(driver=""):
            yield f"{at}.driver", "must name a CSI driver"
        case NfsVolume():
            yield from _nfs_faults(at, one)
        case HostPathVolume(host_path=path) if ".." in path.split("/"):
            yield f"{at}.host_path", "must not contain `..`"
        case EmptyDirVolume(medium=medium) if not _MEDIUM.fullmatch(medium):
            yield f"{at}.medium", "must be `Memory`, `HugePages` or `HugePages-<size>`, or empty"


def _items_faults(at: str, items: dict[str, str]) -> Iterator[Fault]:
    for key, path in items.items():
        if what := path_fault(path) or ("" if path else "must not be empty"):
            yield f"{at}.items", f"has for {key!r} a path that {what}"


def _nfs_faults(at: str, one: NfsVolume) -> Iterator[Fault]:
    if not one.server:
        yield f"{at}.server", "must name a server"
    if not one.path.startswith("/"):
        yield f"{at}.path", f"must be an absolute path of the server, and is {one.path!r}"


def _name_faults(every: list[tuple[str, str, msgspec.Struct]]) -> Iterator[Fault]:
    """A name that is nothing but a name stands for one volume; a Secret and a ConfigMap may well be
    called the same, and so each is mounted."""
    seen: dict[str, tuple[str, str, object]] = {}
    for kind, at, one in every:
        name = getattr(one, "name", "")
        first_kind, first_at, first = seen.setdefault(name, (kind, at, _source(one)))
        are_objects = kind in _NAMES_AN_OBJECT and first_kind in _NAMES_AN_OBJECT
        if not are_objects and (kind != first_kind or first != _source(one)):
            yield f"{at}.name", f"is also the name of `{first_at}`, another volume: {name!r}"


def _source(one: msgspec.Struct) -> object:
    values = msgspec.structs.asdict(one)
    if isinstance(one, HostPathVolume):
        values["host_path"] = one.host_path or one.mount_path
    own = {key: value for key, value in values.items() if key not in _WHERE}
    is_mounted_only = not isinstance(one, CsiVolume | NfsVolume)
    return own if is_mounted_only else own | {"read_only": values["read_only"]}


def absolute(path: str) -> str:
    """The path as the kubelet mounts it: one that is relative begins at the root."""
    return path if path.startswith("$") else posixpath.normpath("/" + path.lstrip("/"))


def is_within(path: str, folder: str) -> bool:
    return path == folder or path.startswith(f"{folder}/")


def path_fault(path: str) -> str:
    """What is wrong with a path inside a volume; "" for nothing."""
    if path.startswith("/"):
        return "must be relative"
    return "must not contain `..`" if ".." in path.split("/") else ""
