"""Volumes and where they are mounted: podlane's own under `places.pod`, and the config's.

The lane lies in memory and in helper and build only; the plan, the spool and what the manager
tells are the helper's alone; by `services` it sees which services were started. A volume of the
config replaces podlane's at the same path.
"""

from __future__ import annotations

from typing import Any

import msgspec

from podlane.core.config.kubernetes import KubernetesConfig
from podlane.core.config.volume_faults import is_within
from podlane.core.plan.model import JobPlan, Places
from podlane.core.pod import names, security
from podlane.core.pod.configured import Configured

_LANE_SIZE = "64Mi"

Manifest = dict[str, Any]


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
        {"name": "tell", "downwardAPI": {"items": [tell, *_handed_over(plan), *_whose(plan)]}},
        *([{"name": "services", "emptyDir": {}}] if plan.services else []),
        *([{"name": "certificates", "emptyDir": {}}] if _certificates(plan) else []),
        *[{"name": name, "emptyDir": {}} for name, _ in _working(plan, cache_dir, configured)],
        *configured.volumes,
    ]


def _whose(plan: JobPlan) -> list[Manifest]:
    """The pod's name and namespace, for a helper that is to say how to look into it."""
    if plan.limits.keep is None:
        return []
    return [
        {"path": word, "fieldRef": {"fieldPath": f"metadata.{word}"}}
        for word in ("name", "namespace")
    ]


def _handed_over(plan: JobPlan) -> list[Manifest]:
    """What the manager hands over beside what it tells, where the job wants it."""
    asked = (
        ("service-log", names.SERVICE_LOG, plan.service_logs),
        ("events", names.EVENTS, plan.with_pod_events),
    )
    return [
        {"path": path, "fieldRef": {"fieldPath": f"metadata.annotations['{name}']"}}
        for path, name, is_wanted in asked
        if is_wanted
    ]


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
        *_certificates(plan),
        *shared,
    ]
    shared = [*shared, *(one | {"readOnly": True} for one in _certificates(plan))]
    mounted = security.ACCOUNT_PATH in configured.paths()
    account = [] if mounted else security.account_mount(kubernetes)
    return Mounts(helper=helper, build=[lane, *shared, *account], service=shared)


def _certificates(plan: JobPlan) -> list[Manifest]:
    """The mount of the file by which the job's containers trust our certificates."""
    if plan.ca_bundle is None or not plan.ca_bundle.is_shared:
        return []
    return [{"name": "certificates", "mountPath": f"{plan.places.pod}/certificates"}]


def mark(places: Places, service: str) -> Manifest:
    """The mount that tells the helper of a service's start, for it may not ask the cluster.

    The kubelet makes the folder of a `subPath` when it makes the container: its image is there.
    """
    path = f"{places.pod}/services/{service}"
    return {"name": "services", "mountPath": path, "subPath": service, "readOnly": True}


def _working(plan: JobPlan, cache_dir: str, configured: Configured) -> list[tuple[str, str]]:
    """The working copy, and the caches of a job that has any, unless the config mounts them."""
    taken = configured.paths()
    found = [] if plan.places.builds in taken else [("builds", plan.places.builds)]
    if (plan.restore or plan.save) and not any(is_within(cache_dir, one) for one in taken):
        found.append(("cache", cache_dir))
    return found


def _plan_sources(plan_secrets: dict[str, list[str]]) -> list[Manifest]:
    return [
        {"secret": {"name": name, "items": [{"key": key, "path": key} for key in keys]}}
        for name, keys in plan_secrets.items()
    ]
