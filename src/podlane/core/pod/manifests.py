"""The Kubernetes objects of one job: its record (a Secret), what belongs to it, and its pod.

Every key of the pod's spec is written in exactly one place; empty values are dropped once, at
the end. What the API must not see in a pod spec (values of variables, tokens) is in Secrets.
"""

from __future__ import annotations

from typing import Any

import msgspec

from podlane.core.config.kubernetes import KubernetesConfig
from podlane.core.job.payload import Job
from podlane.core.plan import credentials, overwrites
from podlane.core.plan.context import RunnerContext
from podlane.core.plan.model import JobPlan
from podlane.core.plan.pulls import policies as pull_policies
from podlane.core.plan.resolve import Ground, resolve
from podlane.core.plan.services import Service
from podlane.core.plan.services import services as resolve_services
from podlane.core.pod import (
    affinity,
    containers,
    disruption,
    metadata,
    names,
    network,
    pull_credentials,
    pulls,
    record,
    scheduling,
    security,
    services,
    volumes,
)
from podlane.core.pod.configured import Configured
from podlane.core.pod.configured import configured as configured_volumes
from podlane.core.pod.literal import without_empty
from podlane.core.pod.patch import apply as patch
from podlane.core.pod.patch import blame
from podlane.core.pod.resources import resources
from podlane.core.text.token import Token

Manifest = dict[str, Any]

DEADLINE_MARGIN = 15 * 60
_LONGEST = 2**31 - 1


class Manifests(msgspec.Struct, frozen=True):
    """`extra` are further Secrets: made after the record and before the pod, owned by the record.

    Owner references are put in by whoever creates the objects, who knows the record's uid.
    `told_images`: container and image, where the manager's log shall name them.
    `budget`: the pod's PodDisruptionBudget, where it has one. `bearer_token`: the job's own, by
    which its objects are made; empty: by the manager's. `own_namespace`: the namespace that is
    made for the job, where it has one.
    """

    record: Manifest
    extra: tuple[Manifest, ...]
    pod: Manifest
    namespace: str
    told_images: tuple[tuple[str, str], ...] = ()
    budget: Manifest | None = None
    bearer_token: Token = Token("")
    own_namespace: Manifest | None = None


class Parts(msgspec.Struct, frozen=True):
    """What several manifests of one job share."""

    plan: JobPlan
    job: Job
    context: RunnerContext
    ground: Ground
    services: tuple[Service, ...]
    logins: tuple[credentials.Login, ...]
    plan_parts: tuple[bytes, ...]
    name: str

    @property
    def kubernetes(self) -> KubernetesConfig:
        return self.context.runner.kubernetes


def build_manifests(
    plan: JobPlan,
    job: Job,
    context: RunnerContext,
    attempt: int = 0,
    ground: Ground | None = None,
) -> Manifests:
    """Build the objects of the job. JobRefused when Kubernetes could not hold them.

    `ground`: the job's, if it is resolved already.
    """
    ground = ground or resolve(job, context)
    context = overwrites.applied(job, context, ground.reader)
    parts = Parts(
        plan=plan,
        job=job,
        context=context,
        ground=ground,
        services=resolve_services(job, context, ground),
        logins=credentials.logins(job, context, ground.variables),
        plan_parts=record.parts(plan),
        name=metadata.record_of(job, context),
    )
    first = _pod(parts)
    pod = pulls.attempt_of(first, parts.name, attempt)
    extra = (*_further_plan(parts), *_env_secrets(parts))
    return Manifests(
        record=_record(parts, first, extra),
        extra=extra,
        pod=pod,
        namespace=parts.kubernetes.namespace,
        budget=disruption.budget(pod) if parts.kubernetes.pod_disruption_budget else None,
        bearer_token=overwrites.bearer_token(parts.kubernetes, ground.reader),
        own_namespace=_own_namespace(parts) if parts.kubernetes.namespace_per_job else None,
        told_images=_images(parts, first),
    )


def _pod(parts: Parts) -> Manifest:
    patched = _patched(without_empty(_spec(parts)), parts)
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": _metadata(parts, names.pod_name(parts.name, 0))
        | {
            "annotations": metadata.pod_annotations(
                parts.plan, parts.job, parts.context, parts.ground.reader
            )
            | pulls.written(_policies(parts))
            | blame.written(patched.changes)
            | pull_credentials.written(
                parts.logins,
                is_account=parts.kubernetes.use_service_account_image_pull_secrets,
            ),
        },
        "spec": patched.spec,
    }


def _patched(spec: Manifest, parts: Parts) -> patch.Patched:
    """The administrator's patches come last, and their result is what is sent."""
    is_on = parts.ground.flags.is_on(patch.FLAG)
    return patch.patched(spec, parts.kubernetes.pod_spec if is_on else ())


def _spec(parts: Parts) -> Manifest:
    plan, kubernetes = parts.plan, parts.kubernetes
    configured = configured_volumes(kubernetes, parts.ground.reader, plan.places.pod)
    return {
        "restartPolicy": "Never",
        "activeDeadlineSeconds": _deadline(parts),
        "terminationGracePeriodSeconds": int(plan.limits.pod_grace),
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "serviceAccountName": kubernetes.service_account,
        "imagePullSecrets": _pull_secrets(parts),
        "nodeSelector": scheduling.node_selector(kubernetes),
        "tolerations": scheduling.tolerations(kubernetes),
        "affinity": affinity.affinity(kubernetes.affinity),
        "priorityClassName": kubernetes.priority_class_name,
        "runtimeClassName": kubernetes.runtime_class_name,
        "schedulerName": kubernetes.scheduler_name,
        "securityContext": security.pod_security_context(kubernetes),
        "resources": resources(overwrites.amounts(parts.context, "pod_", parts.ground.reader)),
        "dnsPolicy": network.dns_policy(kubernetes),
        "dnsConfig": network.dns_config(kubernetes),
        "hostAliases": network.host_aliases(parts.services, kubernetes),
        "containers": _containers(parts, configured),
        "volumes": [
            *volumes.volumes(plan, _plan_secrets(parts), parts.ground.cache_dir, configured),
            *security.account_volume(kubernetes),
        ],
    }


def _deadline(parts: Parts) -> int | None:
    """A net under the helper, which keeps the time: pulls count here, so there is a margin."""
    if not parts.ground.flags["FF_USE_POD_ACTIVE_DEADLINE_SECONDS"]:
        return None
    limits = parts.plan.limits
    return min(int(limits.job + (limits.keep or 0)) + DEADLINE_MARGIN, _LONGEST)


def _images(parts: Parts, pod: Manifest) -> tuple[tuple[str, str], ...]:
    if not parts.ground.flags["FF_LOG_IMAGES_CONFIGURED_FOR_JOB"]:
        return ()
    return tuple((one["name"], one["image"]) for one in pod["spec"]["containers"])


def _containers(parts: Parts, configured: Configured) -> list[Manifest]:
    """The helper first: kubelet starts containers in order."""
    plan, context, ground = parts.plan, parts.context, parts.ground
    mounts = volumes.mounts(plan, ground.cache_dir, configured, parts.kubernetes)
    policy = pulls.nth(_policies(parts)["build"], 0)
    return [
        containers.helper(plan, context, ground.reader, mounts, policy),
        containers.build(plan, context, ground.reader, mounts, policy)
        | containers.entrypoint(plan, services.shared_source(parts.name)),
        *services.containers(parts.services, parts.name, context, ground, mounts),
    ]


def _policies(parts: Parts) -> pulls.Policies:
    """By container. The helper's image is pulled as the job's is, like gitlab-runner's."""
    image = pull_policies(parts.kubernetes, parts.job.image.pull_policy, "image")
    own = {one.name: one.policies for one in parts.services}
    return {"helper": image, "build": image, **own}


def _pull_secrets(parts: Parts) -> list[Manifest]:
    if parts.kubernetes.use_service_account_image_pull_secrets:
        return []  # with none in the pod, the cluster puts those of its service account there
    own = [parts.name] if parts.logins else []
    return [{"name": name} for name in (*parts.kubernetes.image_pull_secrets, *own)]


def _record(parts: Parts, pod: Manifest, extra: tuple[Manifest, ...]) -> Manifest:
    data = {
        ".dockerconfigjson": credentials.docker_config(parts.logins),
        "plan.0": parts.plan_parts[0],
        **record.record_data(parts.job, parts.context, pod),
    }
    further = " ".join(one["metadata"]["name"] for one in extra)
    own_token = overwrites.bearer_token(parts.kubernetes, parts.ground.reader)
    noted = {names.EXTRA: further} if further else {}
    noted |= {names.BEARER: overwrites.BEARER_TOKEN} if own_token else {}
    noted |= {names.OWN_NAMESPACE: "true"} if parts.kubernetes.namespace_per_job else {}
    annotations = {"annotations": noted} if noted else {}
    return record.record(_metadata(parts, parts.name) | annotations, data)


def _own_namespace(parts: Parts) -> Manifest:
    return {
        "apiVersion": "v1",
        "kind": "Namespace",
        "metadata": _metadata(parts, parts.kubernetes.namespace),
    }


def _further_plan(parts: Parts) -> list[Manifest]:
    return [
        record.secret(_metadata(parts, f"{parts.name}-plan-{index}"), {f"plan.{index}": part})
        for index, part in enumerate(parts.plan_parts)
        if index
    ]


def _plan_secrets(parts: Parts) -> dict[str, list[str]]:
    return {
        f"{parts.name}-plan-{index}" if index else parts.name: [f"plan.{index}"]
        for index, _ in enumerate(parts.plan_parts)
    }


def _env_secrets(parts: Parts) -> list[Manifest]:
    if not parts.services and parts.plan.entrypoint is None:
        return []
    return services.env_secrets(
        parts.services, parts.ground, lambda end: _metadata(parts, f"{parts.name}-{end}")
    )


def _metadata(parts: Parts, name: str) -> Manifest:
    labels = metadata.labels(parts.job, parts.context, parts.ground.reader)
    return {"name": name, "labels": labels}
