"""Puts podlane in the place of the old manager, so that at each moment somebody asks for jobs:
first podlane beside it, then, when podlane is ready, the old one is told to stop.

Whatever fails before that leaves the old one as it was, and takes away what was made.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

from podlane.clients.kube.api import KubeApi
from podlane.clients.kube.objects import find, path_of
from podlane.core.deploy.manifests import manifests
from podlane.core.deploy.wish import Manifest, Wish
from podlane.core.migrate.release import MIGRATED_TO, Release, notes_on
from podlane.deploy import jobs
from podlane.deploy.apply import put_in_force, rehearse
from podlane.deploy.live import live
from podlane.deploy.migrate import old
from podlane.deploy.ready import NotReady
from podlane.deploy.standing import is_ours, shown, standing
from podlane.deploy.undo import Step, undo
from podlane.errors import PodlaneError, Rejected, ServiceError

Tell = Callable[[str], None]
_LOOK_SECONDS = 1.0


async def plan(api: KubeApi, release: Release, wish: Wish) -> list[Step]:
    """What would be made; tried at the API server, which keeps nothing. PodlaneError for all that
    would be in the way: names that are taken, rights that are missing."""
    refuse_migrated(release)
    objects = manifests(wish)
    try:
        await _refuse_another(api, wish)
        for manifest in objects:
            await _refuse_taken(api, manifest, wish)
    except Rejected as error:
        raise _refused("look for podlane's objects", error) from error
    steps = await rehearse(api, objects)
    try:
        await old.stop(api, release, _place(wish), is_trial=True)
    except Rejected as error:
        raise _refused(f"scale {shown(release.deployment)}", error) from error
    return [one for one in steps if not one.left_alone]


async def _refuse_taken(api: KubeApi, manifest: Manifest, wish: Wish) -> None:
    if manifest["kind"] == "Namespace":
        return
    before = await find(api, manifest)
    if before is not None and not is_ours(before, wish.name):
        raise PodlaneError(
            f"{shown(manifest)} is there already, and not podlane's",
            hint="--name gives podlane's objects another name; nothing was changed",
            reference="migrate-taken",
        )


def refuse_migrated(release: Release) -> None:
    if to := notes_on(release.deployment).get(MIGRATED_TO):
        namespace, _, name = to.partition("/")
        raise PodlaneError(
            f"{release.title} has been migrated already: podlane runs as {name} in {namespace}",
            hint=f"`podlane deploy status -n {namespace} --name {name}` tells how it is; `podlane "
            f"migrate back -n {release.namespace} --release {release.name}` is the way back",
            reference="migrate-done",
        )


async def switch(
    api: KubeApi, release: Release, wish: Wish, tell: Tell, patience: float | None
) -> None:
    """Do it. `patience`: seconds to wait for the old manager's end; 0: any time; None: not."""
    steps = await plan(api, release, wish)
    what = "podlane did not come into force"
    try:
        await put_in_force(api, wish, tell)
        what = "the old manager could not be stopped"
        tell(f"  {shown(release.deployment)}: from {release.replicas} to 0 managers")
        await old.stop(api, release, _place(wish))
    except PodlaneError as error:
        await _withdraw(api, wish, steps, tell)
        is_image = isinstance(error, NotReady) and error.lacks_image
        hint = "name one by --image that the nodes can pull" if is_image else "mend this"
        raise PodlaneError(
            f"{what}: {error.message}",
            hint=f"{hint}, and migrate again; the old manager goes on as before",
            reference="migrate-failed",
        ) from error
    except asyncio.CancelledError:
        await _withdraw(api, wish, steps, tell)
        raise
    await _until_it_ended(api, release, wish, tell, patience)


async def _until_it_ended(
    api: KubeApi, release: Release, wish: Wish, tell: Tell, patience: float | None
) -> None:
    end, said = time.monotonic() + (patience or 0), ""
    while count := await old.managers(api, release.deployment):
        running = await old.job_pods(api, wish.config.runners)
        text = f"{count} of the old managers, {'some' if running is None else running} of its jobs"
        if text != said:
            tell(f"  still there: {text}")
            said = text
        if patience is None or (patience and time.monotonic() > end):
            tell(
                "  the old manager asks for no more jobs; it finishes what it has, and then ends"
                f" (it has {release.grace} s for it)"
            )
            return
        await asyncio.sleep(_LOOK_SECONDS)
    tell("  the old manager has ended")


async def _withdraw(api: KubeApi, wish: Wish, steps: list[Step], tell: Tell) -> None:
    """All as it was before, unless jobs run by what was made: then it stays, and that is said."""
    there = await standing(api, wish.name, wish.namespace)
    ours = await jobs.installation(api, wish.name, wish.namespace, wish.installation)
    if await jobs.jobs(api, ours):
        tell(
            "  podlane has jobs and stays; the old manager goes on as well. `podlane deploy "
            f"uninstall -n {wish.namespace} --name {wish.name}` takes it away when they have ended"
        )
        return
    paths = {path_of(one) for one in there}
    await undo(api, [one for one in steps if one.before or path_of(one.manifest) in paths], tell)
    if not any(one.before for one in steps):
        tell(f"  nothing of {wish.name} is left")


async def _refuse_another(api: KubeApi, wish: Wish) -> None:
    """A podlane of this name may stand there for another runner; for the same, we go on with it."""
    try:
        there = await live(api, wish.name, wish.namespace)
    except ServiceError:
        raise
    except PodlaneError:
        return
    tokens = {one.token for one in wish.config.runners}
    if tokens.isdisjoint(one.token for one in there.config.runners):
        raise PodlaneError(
            f"there is a podlane deployment {wish.name!r} in namespace {wish.namespace} already, "
            "with other runners",
            hint="--name gives this one another name; nothing was changed",
            reference="migrate-taken",
        )


def _place(wish: Wish) -> str:
    return f"{wish.namespace}/{wish.name}"


def _refused(what: str, error: Rejected) -> PodlaneError:
    return PodlaneError(
        f"the cluster would not let us {what}: {error.message}",
        hint="use an account that may do it (--context); nothing was changed",
        reference="migrate-rights",
    )
