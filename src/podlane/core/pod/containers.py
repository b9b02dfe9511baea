"""The two containers of every pod: the helper, which does the work, and the build container."""

from __future__ import annotations

from typing import Any

from podlane.core.job.variables import Reader
from podlane.core.plan import overwrites
from podlane.core.plan.context import RunnerContext
from podlane.core.plan.model import JobPlan
from podlane.core.pod import security
from podlane.core.pod.literal import literal
from podlane.core.pod.loop import LOOP
from podlane.core.pod.resources import resources
from podlane.core.pod.volumes import Mounts

Manifest = dict[str, Any]


def helper(
    plan: JobPlan, context: RunnerContext, reader: Reader, mounts: Mounts, policy: str
) -> Manifest:
    kubernetes, pod = context.runner.kubernetes, plan.places.pod
    return {
        "name": "helper",
        "image": helper_image(context, reader),
        "imagePullPolicy": policy,
        "command": ["podlane", "helper", literal(f"{pod}/plan")],
        "env": [{"name": "HOME", "value": literal(f"{pod}/spool/home")}],
        "resources": resources(overwrites.amounts(context, "helper_", reader)),
        "securityContext": security.helper_security_context(kubernetes),
        "terminationMessagePath": f"{pod}/termination",
        "volumeMounts": mounts.helper,
    }


def build(
    plan: JobPlan, context: RunnerContext, reader: Reader, mounts: Mounts, policy: str
) -> Manifest:
    kubernetes, scope = context.runner.kubernetes, context.runner.podlane.scope
    lane = literal(f"{plan.places.pod}/lane")
    return {
        "name": "build",
        "image": plan.image,
        "imagePullPolicy": policy,
        "command": ["sh", "-c", LOOP, "podlane", lane, literal(scope)],
        "resources": resources(overwrites.amounts(context, "", reader)),
        "securityContext": security.build_security_context(kubernetes, plan.owner),
        "volumeMounts": mounts.build,
    }


def helper_image(context: RunnerContext, reader: Reader) -> str:
    """The config's, else the manager's own image, else podlane's of the same version."""
    configured = reader.expand(context.runner.kubernetes.helper_image, key="helper_image")
    return configured or context.helper_image or f"podlane:{context.version}"
