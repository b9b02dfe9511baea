"""Takes a deployment away. No more jobs are asked for; those that run end first, unless told.

Until the last has ended the manager stays, draining: it settles them and removes what they leave.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

import msgspec

from podlane.clients.kube.api import KubeApi
from podlane.clients.kube.kinds import SECRET
from podlane.clients.kube.objects import find, list_path, path_of
from podlane.core.deploy.wish import MANAGED_BY, OWNER, Manifest, installation_of, selector
from podlane.deploy import jobs
from podlane.deploy.ready import wait_until_ready
from podlane.deploy.standing import pods, remove, shown, standing
from podlane.deploy.wait import until
from podlane.deploy.workload import container, variables
from podlane.errors import Gone, PodlaneError

Tell = Callable[[str], None]
DRAIN = "PODLANE_DRAIN"
_LOOK_SECONDS = 1.0
_GONE_SECONDS = 120.0


class Ending(msgspec.Struct, frozen=True):
    """What becomes of running jobs: ended at once, or given `patience` seconds (0: any time)."""

    is_now: bool = False
    patience: float = 0.0


async def uninstall(api: KubeApi, name: str, namespace: str, tell: Tell, ending: Ending) -> None:
    """Take away all that stands under the name. PodlaneError when nothing does."""
    found = await standing(api, name, namespace)
    if not found:
        raise PodlaneError(
            f"there is no deployment {name!r} in namespace {namespace}",
            hint="--name and --namespace say which one; `kubectl get deployments -A -l "
            f"{MANAGED_BY}={OWNER}` lists all",
            reference="deploy-missing",
        )
    deployment = next((one for one in found if one["kind"] == "Deployment"), None)
    label = variables(deployment).get("PODLANE_INSTALLATION", "") if deployment else ""
    label = label or installation_of(name, namespace)
    ours = await jobs.installation(api, name, namespace, label)
    if deployment is not None:
        await _end_manager(api, deployment, ours, tell, ending)
    await _end_jobs(api, ours, tell, ending)
    found.sort(key=_is_the_map, reverse=True)
    for one in reversed(found):
        if one is not deployment:
            await remove(api, one)
            tell(f"  {shown(one)}: taken away")
    await _remove_namespace(api, namespace, tell)


def _is_the_map(one: Manifest) -> bool:
    """The ConfigMap goes last: it notes where the rest is, for whoever has to go on from here."""
    return bool(one["kind"] == "ConfigMap")


async def _end_manager(
    api: KubeApi, deployment: Manifest, ours: jobs.Installation, tell: Tell, ending: Ending
) -> None:
    """It goes before its rights do, for on the way out it takes its pause pods away."""
    why = ", so that no job is taken any more"
    if not ending.is_now:
        await _drain(api, deployment, tell)
        await _until_ended(api, ours, tell, ending.patience)
        why = ""
    await remove(api, deployment)
    tell(f"  {shown(deployment)}: taken away{why}")
    meta = deployment["metadata"]
    await _until_pods_are_gone(api, meta["name"], meta["namespace"])


async def _end_jobs(api: KubeApi, ours: jobs.Installation, tell: Tell, ending: Ending) -> None:
    """Those that run yet, if that was asked for; and all that a manager has not cleared away."""
    running = await jobs.jobs(api, ours)
    records = [one for one in running if one.kind == SECRET]
    if records and not ending.is_now:
        raise PodlaneError(
            "1 job of it is there, and no manager that would see to its end"
            if len(records) == 1
            else f"{len(records)} jobs of it are there, and no manager that would see to their end",
            hint="`podlane deploy apply` starts one again; --now ends the jobs",
            reference="deploy-jobs-running",
        )
    await jobs.end(api, running)
    if records:
        tell(f"  {_jobs(len(records))}: ended; GitLab sees them fail")
    await jobs.end(api, await jobs.leftovers(api, ours))

    async def are_gone() -> bool:
        return not await jobs.jobs(api, ours) and not await jobs.leftovers(api, ours)

    if not await until(are_gone, _GONE_SECONDS):
        tell("  some pods of jobs are still on their way out")


async def _drain(api: KubeApi, deployment: Manifest, tell: Tell) -> None:
    """Start the manager anew as one that asks for nothing."""
    if variables(deployment).get(DRAIN):
        return
    manager = container(deployment)
    env = [*manager.get("env", []), {"name": DRAIN, "value": "true"}]
    patch = {"containers": [{**manager, "env": env}]}
    changed = {"spec": {"template": {"spec": patch}}}
    await api.patch_object(path_of(deployment), changed)
    await wait_until_ready(api, deployment, tell)
    tell("  no more jobs are asked for")


def _jobs(count: int) -> str:
    return "1 job" if count == 1 else f"{count} jobs"


async def _until_ended(api: KubeApi, ours: jobs.Installation, tell: Tell, patience: float) -> None:
    end, said = time.monotonic() + patience, 0
    while found := await jobs.jobs(api, ours):
        running = [one for one in found if one.kind == SECRET]
        if running and len(running) != said:
            tell(f"  waiting for {_jobs(len(running))} to end")
            said = len(running)
        if patience and time.monotonic() > end:
            raise PodlaneError(
                f"{_jobs(len(running))} still running; the manager stays and asks for no more",
                hint="run it again later, or with --now, which ends them",
                reference="deploy-jobs-running",
            )
        await asyncio.sleep(_LOOK_SECONDS)


async def _until_pods_are_gone(api: KubeApi, name: str, namespace: str) -> None:
    """The Deployment is deleted in the background: its pods go a little later."""

    async def are_gone() -> bool:
        return not await pods(api, namespace, selector(name))

    await until(are_gone, _GONE_SECONDS)


async def _remove_namespace(api: KubeApi, namespace: str, tell: Tell) -> None:
    """Only one that we have made and that nobody else uses."""
    meta = {"name": namespace}
    found = await find(api, {"apiVersion": "v1", "kind": "Namespace", "metadata": meta})
    if found is None or (found["metadata"].get("labels") or {}).get(MANAGED_BY) != OWNER:
        return
    if others := await _others(api, namespace):
        tell(f"  Namespace {namespace}: stays, for it holds {others}")
        return
    await remove(api, {"apiVersion": "v1", "kind": "Namespace", "metadata": meta})

    async def is_gone() -> bool:
        return await find(api, {"apiVersion": "v1", "kind": "Namespace", "metadata": meta}) is None

    await until(is_gone, _GONE_SECONDS)
    tell(f"  Namespace {namespace}: taken away")


async def _others(api: KubeApi, namespace: str) -> str:
    """Name one thing in the namespace that is not Kubernetes' own; "" when there is none."""
    kinds = (("v1", "Pod"), ("v1", "Secret"), ("v1", "ConfigMap"), ("v1", "PersistentVolumeClaim"))
    for version, kind in (*kinds, ("apps/v1", "Deployment"), ("apps/v1", "StatefulSet")):
        try:
            answer = await api.read(list_path(version, kind, namespace), {}, metadata_only=True)
        except Gone:
            continue
        for one in _items(answer.body):
            if one["metadata"]["name"] != "kube-root-ca.crt":
                return f"the {kind} {one['metadata']['name']}"
    return ""


def _items(body: bytes) -> list[Manifest]:
    found: list[Manifest] = msgspec.json.decode(body).get("items") or []
    return found
