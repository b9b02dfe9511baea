"""The volumes of `[runners.kubernetes.volumes]`, all seven kinds: what they are, where they go.

Expanded with the job's variables: every `mount_path` and `sub_path`, and a claim's name. What the
file alone shows to be wrong is refused when it is read (`core.config.volume_faults`); what only
the job's variables make wrong, here.
"""

from __future__ import annotations

import re
from typing import Any

import msgspec

from podlane.core.config.kubernetes import KubernetesConfig
from podlane.core.config.volume_faults import absolute, is_within, path_fault
from podlane.core.config.volumes import CsiVolume, FilesVolume, NfsVolume, Volume
from podlane.core.job.variables import Reader
from podlane.core.plan.lenient import size_limit
from podlane.errors import JobRefused

OWN = ("lane", "spool", "plan", "tell", "services", "builds", "cache", "account")

Manifest = dict[str, Any]


class Configured(msgspec.Struct, frozen=True):
    """The config's volumes, named and mounted; one volume may have several mounts."""

    volumes: tuple[Manifest, ...]
    mounts: tuple[Manifest, ...]

    def paths(self) -> set[str]:
        return {mount["mountPath"] for mount in self.mounts}


class Wanted(msgspec.Struct, frozen=True):
    """`kind` is the table in the file; `source` the volume's own part; `entry` says where."""

    kind: str
    name: str
    source: Manifest
    entry: Volume


def configured(kubernetes: KubernetesConfig, reader: Reader, pod_dir: str) -> Configured:
    """Name and place them, in gitlab-runner's order. Equal sources of one name are one volume."""
    volumes: list[Manifest] = []
    mounts: list[Manifest] = []
    known: list[tuple[str, str, Manifest, str]] = []
    for one in _wanted(kubernetes, reader):
        same = (one.kind, one.name, one.source)
        name = next((label for *found, label in known if tuple(found) == same), "")
        if not name:
            name = _volume_name(one, {*OWN, *(volume["name"] for volume in volumes)})
            known.append((*same, name))
            volumes.append({"name": name, **one.source})
        mount = _mount(one, reader)
        _refuse_misplaced(one, mount, mounts, pod_dir)
        mounts.append({"name": name, **mount})
    return Configured(tuple(volumes), tuple(mounts))


def _wanted(kubernetes: KubernetesConfig, reader: Reader) -> list[Wanted]:
    asked = kubernetes.volumes
    claims = [(reader.expand(one.name), one) for one in asked.pvc]
    return [
        *(Wanted("host_path", v.name, _host_path(v.host_path or v.mount_path), v)
          for v in asked.host_path),
        *(Wanted("secret", v.name, {"secret": _files("secretName", v)}, v) for v in asked.secret),
        *(Wanted("pvc", n, {"persistentVolumeClaim": {"claimName": n}}, v) for n, v in claims),
        *(Wanted("config_map", v.name, {"configMap": _files("name", v)}, v)
          for v in asked.config_map),
        *(Wanted("empty_dir", v.name, _empty_dir(v.medium, v.size_limit), v)
          for v in asked.empty_dir),
        *(Wanted("csi", v.name, _csi(v), v) for v in asked.csi),
        *(Wanted("nfs", v.name, _nfs(v), v) for v in asked.nfs),
    ]  # fmt: skip


def _host_path(path: str) -> Manifest:
    return {"hostPath": {"path": path}}


def _files(name_key: str, asked: FilesVolume) -> Manifest:
    items = [{"key": key, "path": path} for key, path in asked.items.items()]
    return {name_key: asked.name, "items": items}


def _empty_dir(medium: str, size: str) -> Manifest:
    """A size that is none is left out: gitlab-runner's jobs run with it, so ours do."""
    wanted = {"medium": medium, "sizeLimit": size_limit(size)}
    return {"emptyDir": {key: value for key, value in wanted.items() if value}}


def _csi(asked: CsiVolume) -> Manifest:
    source = {
        "driver": asked.driver,
        "fsType": asked.fs_type,
        "readOnly": asked.read_only or None,
        "volumeAttributes": asked.volume_attributes,
    }
    return {"csi": source}


def _nfs(asked: NfsVolume) -> Manifest:
    read_only = asked.read_only or None
    return {"nfs": {"server": asked.server, "path": asked.path, "readOnly": read_only}}


def _mount(one: Wanted, reader: Reader) -> Manifest:
    path = reader.expand(one.entry.mount_path)
    return {
        "mountPath": absolute(path) if path else "",
        "subPath": reader.expand(one.entry.sub_path),
        "readOnly": getattr(one.entry, "read_only", False) or None,
        "mountPropagation": getattr(one.entry, "mount_propagation", ""),
    }


def _refuse_misplaced(one: Wanted, mount: Manifest, others: list[Manifest], pod_dir: str) -> None:
    path, sub_path = mount["mountPath"], mount["subPath"]
    where = f"its `mount_path` {one.entry.mount_path[:100]!r} becomes {path[:200]!r}, which"
    if not one.name:
        problem = f"its `name` {one.entry.name[:100]!r} becomes nothing"
    elif path in ("", "/"):
        problem = f"{where} is no place for a volume"
    elif is_within(path, pod_dir):
        problem = f"{where} lies in podlane's own folder {pod_dir}"
    elif any(path == other["mountPath"] for other in others):
        problem = f"{where} is the path of another volume too"
    elif what := path_fault(sub_path):
        problem = (
            f"its `sub_path` {one.entry.sub_path[:100]!r} becomes {sub_path[:200]!r}: it {what}"
        )
    else:
        return
    raise JobRefused(
        f"The runner's volume {one.name[:100] or one.kind!r} cannot be mounted: {problem}",
        hint=f"mend the variables that [[runners.kubernetes.volumes.{one.kind}]] is made of, "
        "or that entry",
        reference="volume",
    )


def _volume_name(one: Wanted, taken: set[str]) -> str:
    """The config's own name where it is free, so that patches written for it still fit."""
    label = re.sub(r"[^a-z0-9-]+", "-", one.name.lower()).strip("-")[:63].strip("-") or "volume"
    kind = _SHORT.get(one.kind, one.kind)
    candidates = (label, *(f"{kind}-{n}-{label}"[:63].strip("-") for n in range(1, len(taken) + 2)))
    return next(candidate for candidate in candidates if candidate not in taken)


_SHORT = {"host_path": "host", "config_map": "config", "empty_dir": "empty"}
