"""Puts a deployment's objects into the cluster, in order, and takes away what it no longer holds.

What cannot be put there whole is not begun, or is taken back.

`tell` gets one line for each thing done, for people to follow.
"""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from podlane.clients.kube.api import KubeApi
from podlane.clients.kube.objects import apply, find
from podlane.core.deploy.manifests import manifests
from podlane.core.deploy.wish import Manifest, Wish, why
from podlane.deploy.live import keep_rotated
from podlane.deploy.ready import NotReady, wait_until_ready
from podlane.deploy.refusal import refused
from podlane.deploy.standing import is_ours, no_longer_wanted, remove, shown, standing
from podlane.deploy.tokens import refuse_dead
from podlane.deploy.undo import Step, undo
from podlane.deploy.workload import deployment_of
from podlane.errors import Gone, PodlaneError, Rejected

Tell = Callable[[str], None]


async def put_in_force(api: KubeApi, wish: Wish, tell: Tell, *, waits: bool = True) -> None:
    """Apply all that the wish is made of, with the tokens that were exchanged since, and wait until
    the manager is ready. One that cannot come gives way to the one that was there before."""
    wish = await keep_rotated(api, wish, tell)
    await refuse_dead(wish, tell)
    objects = manifests(wish)
    earlier = await standing(api, wish.name, wish.namespace)
    steps = await apply_all(api, objects, tell)
    if waits:
        deployment = deployment_of(objects, wish.name, wish.namespace)
        try:
            await wait_until_ready(api, deployment, tell)
        except NotReady as error:
            if _gives_way(steps, error):
                await undo(api, steps, tell)
                raise _undone(steps, error) from error
            await _clear(api, no_longer_wanted(earlier, objects), tell)
            raise
    await _clear(api, no_longer_wanted(earlier, objects), tell)


async def apply_all(api: KubeApi, objects: tuple[Manifest, ...], tell: Tell) -> list[Step]:
    """Apply each, once the API server has said that it would take all of them; return what was
    done. PodlaneError names the object that was refused, and why: then nothing has changed."""
    done: list[Step] = []
    for step in await rehearse(api, objects):
        if step.left_alone:
            tell(f"  {shown(step.manifest)}: {step.left_alone}")
            continue
        try:
            after = await apply(api, step.manifest)
        except (Rejected, Gone) as error:
            await undo(api, done, tell)
            raise refused(step.manifest, error, "What was done before it is undone") from error
        version = after["metadata"]["resourceVersion"]
        done.append(msgspec.structs.replace(step, version=version))
        reason = f", for {why(step.manifest)}" if why(step.manifest) else ""
        tell(f"  {shown(step.manifest)}: {_what_came_of_it(done[-1])}{reason}")
    return done


async def rehearse(api: KubeApi, objects: tuple[Manifest, ...]) -> list[Step]:
    """Look at all of it and try it, which changes nothing."""
    steps: list[Step] = []
    new: set[str] = set()  # namespaces
    for manifest in objects:
        is_namespace = manifest["kind"] == "Namespace"
        try:
            step = await (_of_namespace if is_namespace else _of)(api, manifest)
        except Gone as error:
            if not _comes_first(error, manifest, new):
                raise refused(manifest, error, "Nothing was changed") from error
            step = Step(manifest, None)
        except Rejected as error:
            raise refused(manifest, error, "Nothing was changed") from error
        if is_namespace and step.before is None and not step.left_alone:
            new.add(manifest["metadata"]["name"])
        steps.append(step)
    return steps


def _comes_first(error: Gone, manifest: Manifest, new: set[str]) -> bool:
    """Whether what is missing is made before it: its namespace, or the Role that it binds."""
    binds = manifest["kind"].endswith("RoleBinding") and not error.message.startswith("namespaces ")
    return binds or manifest["metadata"].get("namespace") in new


async def _of(api: KubeApi, manifest: Manifest) -> Step:
    before = await find(api, manifest)
    await apply(api, manifest, is_trial=True)
    return Step(manifest, before)


async def _of_namespace(api: KubeApi, manifest: Manifest) -> Step:
    """One that is there may be anybody's."""
    try:
        before = await find(api, manifest)
    except Rejected:
        return Step(manifest, None, "we may not look at it")
    if before is not None and not is_ours(before):
        return Step(manifest, before, "there already, and not ours to change")
    try:
        await apply(api, manifest, is_trial=True)
    except Rejected:
        if before is None:
            raise
        return Step(manifest, before, "there already, and we may not change it")
    return Step(manifest, before)


def _gives_way(steps: list[Step], error: NotReady) -> bool:
    """A manager that is merely slow may come yet, and the first of its name stays to be looked at,
    unless it is the image that is missing."""
    (deployment,) = [one for one in steps if one.manifest["kind"] == "Deployment"]
    has_changed = deployment.has_changed and error.is_stuck
    return has_changed and (error.lacks_image or deployment.before is not None)


def _undone(steps: list[Step], error: NotReady) -> PodlaneError:
    so_far = "Nothing of it is left"
    if any(one.before for one in steps if one.manifest["kind"] == "Deployment"):
        so_far = "All is as it was: the manager that was there before goes on"
    return PodlaneError(error.message, hint=f"{error.hint}. {so_far}", reference=error.reference)


async def _clear(api: KubeApi, found: list[Manifest], tell: Tell) -> None:
    for one in reversed(found):
        await remove(api, one)
        tell(f"  {shown(one)}: taken away, the config needs it no longer")


def _what_came_of_it(step: Step) -> str:
    if step.before is None:
        return "made"
    return "changed" if step.has_changed else "unchanged"
