"""Puts a deployment's objects into the cluster, in order, and takes away what it no longer holds.

`tell` gets one line for each thing done, for people to follow.
"""

from __future__ import annotations

from collections.abc import Callable

from podlane.clients.kube.api import KubeApi
from podlane.clients.kube.objects import apply, find
from podlane.core.deploy.manifests import manifests
from podlane.core.deploy.wish import Manifest, Wish, why
from podlane.deploy.live import keep_rotated
from podlane.deploy.ready import wait_until_ready
from podlane.deploy.standing import is_ours, no_longer_wanted, remove, shown, standing
from podlane.deploy.workload import deployment_of
from podlane.errors import PodlaneError, Rejected

Tell = Callable[[str], None]


async def put_in_force(api: KubeApi, wish: Wish, tell: Tell, *, waits: bool = True) -> None:
    """Apply all that the wish is made of, with the tokens that were exchanged since, and wait
    until the manager is ready."""
    objects = manifests(await keep_rotated(api, wish, tell))
    await apply_all(api, wish, objects, tell)
    if waits:
        await wait_until_ready(api, deployment_of(objects, wish.name, wish.namespace), tell)


async def apply_all(api: KubeApi, wish: Wish, objects: tuple[Manifest, ...], tell: Tell) -> None:
    """Apply each; PodlaneError names the object that the cluster refused, and why."""
    earlier = await standing(api, wish.name, wish.namespace)
    for manifest in objects:
        before = await find(api, manifest)
        if manifest["kind"] == "Namespace" and before is not None and not is_ours(before):
            tell(f"  {shown(manifest)}: there already, and not ours to change")
            continue
        try:
            after = await apply(api, manifest)
        except Rejected as error:
            if manifest["kind"] == "Namespace" and before is not None:
                tell(f"  {shown(manifest)}: there already, and we may not change it")
                continue
            raise _refused(manifest, error) from error
        reason = f", for {why(manifest)}" if why(manifest) else ""
        tell(f"  {shown(manifest)}: {_what_came_of_it(before, after)}{reason}")
    for one in reversed(no_longer_wanted(earlier, objects)):
        await remove(api, one)
        tell(f"  {shown(one)}: taken away, the config needs it no longer")


def _refused(manifest: Manifest, error: Rejected) -> PodlaneError:
    return PodlaneError(
        f"the cluster refused {shown(manifest)}: {error.message}",
        hint="what was made before it stays; mend this and apply again",
        reference="deploy-refused",
    )


def _what_came_of_it(before: Manifest | None, after: Manifest) -> str:
    if before is None:
        return "made"
    is_same = before["metadata"]["resourceVersion"] == after["metadata"]["resourceVersion"]
    return "unchanged" if is_same else "changed"
