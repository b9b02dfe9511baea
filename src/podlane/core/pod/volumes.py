"""Volumes and where they are mounted: podlane's own under `places.pod`, and the config's.

The lane lies in memory and in helper and build only; the plan, the spool and what the manager
tells are the helper's alone; by `services` it sees which services were started. A volume of the
config replaces podlane's at the same path.
"""

from __future__ import annotations

import re
from typing import Any

import msgspec

from podlane.core.config.kubernetes import KubernetesConfig
from podlane.core.config.volumes import FilesVolume
from podlane.core.job.variables import Reader
from podlane.core.plan.lenient import size_limit
from podlane.core.plan.model import JobPlan, Places
from podlane.core.pod import names, security

OWN = ("lane", "spool", "plan", "tell", "services", "builds", "cache", "account")
_LANE_SIZE = "64Mi"

Manifest = dict[str, Any]


class Configured(msgspec.Struct, frozen=True):
    """The config's volumes, named and mounted; one volume may have several mounts."""

    volumes: tuple[Manifest, ...]
    mounts: tuple[Manifest, ...]

    def paths(self) -> set[str]:
        return {mount["mountPath"].rstrip("/") for mount in self.mounts}


class Mounts(msgspec.Struct, frozen=True):
    helper: list[Manifest]
    build: list[Manifest]
    service: list[Manifest]


def volumes(
    plan: JobPlan, plan_secrets: dict[str, list[str]], cache_dir: str, configured: Configured
) -> list[Manifest]:
    """`plan_secrets`: the Secrets that hold the plan, each with its keys."""
    tell = {"path": "tell", "fieldRef": {"fieldPath": f"metadata.annotations['{names.TELL}']"}}
    return [
        {"name": "lane", "emptyDir": {"medium": "Memory", "sizeLimit": _LANE_SIZE}},
        {"name": "spool", "emptyDir": {}},
        {"name": "plan", "projected": {"sources": _plan_sources(plan_secrets)}},
        {"name": "tell", "downwardAPI": {"items": [tell, *_service_log(plan)]}},
        *([{"name": "services", "emptyDir": {}}] if plan.services else []),
        *[{"name": name, "emptyDir": {}} for name, _ in _working(plan, cache_dir, configured)],
        *configured.volumes,
    ]


def _service_log(plan: JobPlan) -> list[Manifest]:
    if not plan.service_logs:
        return []
    field = {"fieldPath": f"metadata.annotations['{names.SERVICE_LOG}']"}
    return [{"path": "service-log", "fieldRef": field}]


def mounts(
    plan: JobPlan, cache_dir: str, configured: Configured, kubernetes: KubernetesConfig
) -> Mounts:
    pod = plan.places.pod
    lane: Manifest = {"name": "lane", "mountPath": f"{pod}/lane"}
    working = [
        {"name": name, "mountPath": path} for name, path in _working(plan, cache_dir, configured)
    ]
    shared = [*working, *configured.mounts]
    helper: list[Manifest] = [
        lane,
        {"name": "spool", "mountPath": f"{pod}/spool"},
        {"name": "plan", "mountPath": f"{pod}/plan", "readOnly": True},
        {"name": "tell", "mountPath": f"{pod}/tell", "readOnly": True},
        *([{"name": "services", "mountPath": f"{pod}/services"}] if plan.services else []),
        *shared,
    ]
    mounted = security.ACCOUNT_PATH in configured.paths()
    account = [] if mounted else security.account_mount(kubernetes)
    return Mounts(helper=helper, build=[lane, *shared, *account], service=shared)


def mark(places: Places, service: str) -> Manifest:
    """The mount that tells the helper of a service's start, for it may not ask the cluster.

    The kubelet makes the folder of a `subPath` when it makes the container: its image is there.
    """
    path = f"{places.pod}/services/{service}"
    return {"name": "services", "mountPath": path, "subPath": service, "readOnly": True}


def configured(kubernetes: KubernetesConfig, reader: Reader) -> Configured:
    """Read the five kinds of volumes of the config, in gitlab-runner's order."""
    wanted = [pair for kind in _kinds(kubernetes, reader) for pair in kind]
    named: dict[tuple[str, str], Manifest] = {}
    taken, all_mounts = set(OWN), []
    for kind, name, source, mount in wanted:
        if (kind, name) not in named:
            volume_name = _volume_name(kind, name, taken)
            taken.add(volume_name)
            named[kind, name] = {"name": volume_name, **source}
        all_mounts.append({"name": named[kind, name]["name"], **_mount(mount, reader)})
    return Configured(tuple(named.values()), tuple(all_mounts))


Wanted = tuple[str, str, Manifest, Any]


def _kinds(kubernetes: KubernetesConfig, reader: Reader) -> tuple[list[Wanted], ...]:
    """Kind, name, the volume's own part and the entry that says where it is mounted."""
    asked = kubernetes.volumes
    claims = [(reader.expand(one.name), one) for one in asked.pvc]
    return (
        [("host", v.name, _host_path(v.host_path or v.mount_path), v) for v in asked.host_path],
        [("secret", v.name, {"secret": _files("secretName", v)}, v) for v in asked.secret],
        [("pvc", n, {"persistentVolumeClaim": {"claimName": n}}, v) for n, v in claims],
        [("config", v.name, {"configMap": _files("name", v)}, v) for v in asked.config_map],
        [("empty", v.name, _empty_dir(v.medium, v.size_limit), v) for v in asked.empty_dir],
    )


def _host_path(path: str) -> Manifest:
    return {"hostPath": {"path": path}}


def _empty_dir(medium: str, size: str) -> Manifest:
    """A size that is none is left out: gitlab-runner's jobs run with it, so ours do."""
    wanted = {"medium": medium, "sizeLimit": size_limit(size)}
    return {"emptyDir": {key: value for key, value in wanted.items() if value}}


def _files(name_key: str, asked: FilesVolume) -> Manifest:
    items = [{"key": key, "path": path} for key, path in asked.items.items()]
    return {name_key: asked.name, "items": items}


def _mount(asked: Any, reader: Reader) -> Manifest:
    return {
        "mountPath": reader.expand(asked.mount_path),
        "subPath": reader.expand(asked.sub_path),
        "readOnly": getattr(asked, "read_only", False) or None,
        "mountPropagation": getattr(asked, "mount_propagation", ""),
    }


def _working(plan: JobPlan, cache_dir: str, configured: Configured) -> list[tuple[str, str]]:
    """The working copy, and the caches of a job that has any, unless the config mounts them."""
    taken = configured.paths()
    found = [] if plan.places.builds in taken else [("builds", plan.places.builds)]
    if (plan.restore or plan.save) and not _is_within(cache_dir, taken):
        found.append(("cache", cache_dir))
    return found


def _is_within(path: str, folders: set[str]) -> bool:
    return any(path == folder or path.startswith(f"{folder}/") for folder in folders)


def _plan_sources(plan_secrets: dict[str, list[str]]) -> list[Manifest]:
    return [
        {"secret": {"name": name, "items": [{"key": key, "path": key} for key in keys]}}
        for name, keys in plan_secrets.items()
    ]


def _volume_name(kind: str, name: str, taken: set[str]) -> str:
    """The config's own name where it is free, so that patches written for it still fit."""
    label = re.sub(r"[^a-z0-9-]+", "-", name.lower()).strip("-")[:63].strip("-") or "volume"
    candidates = (label, *(f"{kind}-{n}-{label}"[:63].strip("-") for n in range(1, len(taken) + 2)))
    return next(candidate for candidate in candidates if candidate not in taken)
