"""Containers of the job's services, and the names by which the job reaches them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from podlane.core.plan import overwrites
from podlane.core.plan.context import RunnerContext
from podlane.core.plan.resolve import Ground
from podlane.core.plan.services import Service, shared_env
from podlane.core.pod import record, security
from podlane.core.pod.lifecycle import lifecycle
from podlane.core.pod.literal import literal
from podlane.core.pod.pulls import nth
from podlane.core.pod.resources import resources
from podlane.core.pod.volumes import Mounts, mark

Manifest = dict[str, Any]


def containers(
    found: tuple[Service, ...],
    record_name: str,
    context: RunnerContext,
    ground: Ground,
    mounts: Mounts,
) -> list[Manifest]:
    kubernetes = context.runner.kubernetes
    return [
        {
            "name": one.name,
            "image": one.image,
            "imagePullPolicy": nth(one.policies, 0),
            "command": [literal(word) for word in one.command],
            "args": [literal(word) for word in one.args],
            "envFrom": _env_from(record_name, index, one),
            "resources": resources(
                overwrites.amounts(context, "service_", ground.reader.with_own(one.env))
            ),
            "lifecycle": lifecycle(kubernetes),
            "securityContext": security.service_security_context(kubernetes, one.owner),
            "terminationMessagePolicy": "FallbackToLogsOnError",
            "volumeMounts": [*mounts.service, mark(ground.places, one.name)],
        }
        for index, one in enumerate(found)
    ]


def env_secrets(
    found: tuple[Service, ...], ground: Ground, metadata: Callable[[str], Manifest]
) -> list[Manifest]:
    """Environment never stands in the pod spec: one Secret for all, one for each with its own."""
    shared = [record.secret(metadata("env"), record.env_data(shared_env(ground)))]
    own = [
        record.secret(metadata(f"env-{index}"), record.env_data(one.env, one))
        for index, one in enumerate(found)
        if one.env
    ]
    return [*shared, *own]


def _env_from(record_name: str, index: int, one: Service) -> list[Manifest]:
    """Of equal names the last Secret's counts."""
    own = [{"secretRef": {"name": f"{record_name}-env-{index}"}}] if one.env else []
    return [shared_source(record_name), *own]


def shared_source(record_name: str) -> Manifest:
    """Where a container finds the public variables."""
    return {"secretRef": {"name": f"{record_name}-env"}}
