"""The way back: the old manager first; when it is ready podlane goes, once its jobs have ended."""

from __future__ import annotations

from collections.abc import Callable

from podlane.clients.kube.api import KubeApi
from podlane.core.migrate.release import MIGRATED_TO, REPLICAS, notes_on
from podlane.deploy.migrate import old
from podlane.deploy.migrate.exchanged import hand_over
from podlane.deploy.migrate.read import find_old
from podlane.deploy.ready import wait_until_ready
from podlane.deploy.standing import shown
from podlane.deploy.uninstall import Ending, uninstall
from podlane.errors import PodlaneError, Rejected

Tell = Callable[[str], None]


async def back(api: KubeApi, release: str, namespace: str, tell: Tell, ending: Ending) -> None:
    """PodlaneError when it was not migrated, or the old manager does not come up: it is then
    stopped again, and podlane goes on."""
    deployment = await find_old(api, release, namespace)
    noted = notes_on(deployment)
    if MIGRATED_TO not in noted:
        raise PodlaneError(
            f"{shown(deployment)} was not stopped by `podlane migrate`",
            hint="`podlane migrate --apply` moves it to podlane",
            reference="migrate-not-done",
        )
    podlanes, _, name = noted[MIGRATED_TO].partition("/")
    replicas = int(noted.get(REPLICAS, "1"))
    await hand_over(api, deployment, (podlanes, name), tell)
    try:
        await old.start(api, deployment, replicas)
    except Rejected as error:
        raise PodlaneError(
            f"cannot start {shown(deployment)} again: {error.message}",
            hint="podlane goes on as before",
            reference="migrate-rights",
        ) from error
    before = deployment["spec"].get("replicas", 1)
    if before != replicas:
        tell(f"  {shown(deployment)}: from {before} to {replicas} managers")
    try:
        await wait_until_ready(api, deployment, tell)
    except PodlaneError as error:
        await old.start(api, deployment, before)
        raise PodlaneError(
            f"the old manager does not come up: {error.message}",
            hint=f"it is stopped again, and podlane goes on; {error.hint}",
            reference="migrate-back-failed",
        ) from error
    tell("  it is ready; podlane goes when its jobs have ended")
    try:
        await uninstall(api, name, podlanes, tell, ending)
    except PodlaneError as error:
        if error.reference != "deploy-missing":
            raise
        tell(f"  there is no podlane {name} in {podlanes} any more")
    await old.forget(api, deployment)
