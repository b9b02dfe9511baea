"""The two containers of every pod: the helper, which does the work, and the build container."""

from __future__ import annotations

from typing import Any

from podlane.core.job.variables import Reader
from podlane.core.plan import overwrites
from podlane.core.plan.context import RunnerContext
from podlane.core.plan.helper_image import helper_image
from podlane.core.plan.model import JobPlan
from podlane.core.pod import security
from podlane.core.pod.lifecycle import lifecycle
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
        "lifecycle": lifecycle(kubernetes),
        "securityContext": security.helper_security_context(kubernetes),
        "terminationMessagePath": f"{pod}/termination",
        "volumeMounts": mounts.helper,
    }


def build(
    plan: JobPlan, context: RunnerContext, reader: Reader, mounts: Mounts, policy: str
) -> Manifest:
    kubernetes, scope = context.runner.kubernetes, context.runner.podlane.scope
    lane = literal(f"{plan.places.pod}/lane")
    own = ["sh", "-c", LOOP, "podlane", lane, literal(scope)]
    before = plan.entrypoint
    return {
        "name": "build",
        "image": plan.image,
        "imagePullPolicy": policy,
        "command": own if before is None else [literal(word) for word in before],
        "args": [] if before is None else own,
        "resources": resources(overwrites.amounts(context, "", reader)),
        "lifecycle": lifecycle(kubernetes),
        "securityContext": security.build_security_context(kubernetes, plan.owner),
        "volumeMounts": mounts.build,
    }


def entrypoint(plan: JobPlan, env: Manifest) -> Manifest:
    """What the build container has beside, where the image's entrypoint runs before our loop: it
    sees variables, and its last lines are kept if it fails."""
    if plan.entrypoint is None:
        return {}
    return {"envFrom": [env], "terminationMessagePolicy": "FallbackToLogsOnError"}
