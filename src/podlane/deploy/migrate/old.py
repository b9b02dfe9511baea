"""The old manager: how it is stopped and started again, and what of it still runs."""

from __future__ import annotations

import re
from collections.abc import Iterable

import msgspec

from podlane.clients.kube.api import KubeApi
from podlane.clients.kube.kinds import POD
from podlane.clients.kube.objects import path_of
from podlane.clients.kube.watch import Query, list_items
from podlane.core.config.model import RunnerConfig
from podlane.core.config.reach import reach_of
from podlane.core.migrate.release import MIGRATED_TO, REPLICAS, Manifest, Release
from podlane.core.text.token import short_token
from podlane.deploy.standing import pods
from podlane.errors import Gone, Rejected

_SHORT = "manager.runner.gitlab.com/id-short"
_NOT_OURS = "app.kubernetes.io/managed-by!=podlane"
_DRY = "dryRun=All"


class _Status(msgspec.Struct, frozen=True):
    phase: str = ""


class _Metadata(msgspec.Struct, frozen=True):
    name: str
    labels: dict[str, str] = {}


class _Item(msgspec.Struct, frozen=True):
    metadata: _Metadata
    status: _Status = _Status()


async def stop(api: KubeApi, release: Release, to: str, *, is_trial: bool = False) -> None:
    """Scale it to nothing and note, in the same breath, how many there were and what came after."""
    notes = {MIGRATED_TO: to, REPLICAS: str(release.replicas)}
    await _patch(api, release.deployment, 0, notes, is_trial=is_trial)


async def start(api: KubeApi, deployment: Manifest, replicas: int) -> None:
    """As many managers as it had; the notes stay until all is back."""
    await _patch(api, deployment, replicas, {})


async def forget(api: KubeApi, deployment: Manifest) -> None:
    """Take the notes away: it is as it was."""
    changed = {"metadata": {"annotations": {MIGRATED_TO: None, REPLICAS: None}}}
    await api.patch_object(path_of(deployment), changed)


async def managers(api: KubeApi, deployment: Manifest) -> int:
    """How many of its pods are there, those that finish their jobs included."""
    labels = deployment["spec"]["selector"].get("matchLabels") or {}
    query = ",".join(f"{key}={value}" for key, value in labels.items())
    return len(await pods(api, deployment["metadata"]["namespace"], query))


async def job_pods(api: KubeApi, runners: Iterable[RunnerConfig]) -> int | None:
    """How many pods of its jobs run; None when we may not look."""
    count = 0
    for runner in runners:
        reach = reach_of(runner.kubernetes)
        short = short_token(runner.token)
        for place in ("",) if reach.is_any else reach.names:
            try:
                query = Query(POD, place, _NOT_OURS, metadata_only=False, item=_Item)
                found, _ = await list_items(api, query)
            except Gone:
                continue
            except Rejected:
                return None
            count += sum(_runs_for(one, short) for one in found)
    return count


def _runs_for(pod: _Item, short: str) -> bool:
    """By the label of newer gitlab-runners, or by the name that all of them give."""
    named = re.sub(r"[^a-z0-9-]", "", short.lower())
    is_its = pod.metadata.labels.get(_SHORT) == short
    is_its = is_its or pod.metadata.name.startswith(f"runner-{named}-project-")
    return is_its and pod.status.phase in ("Pending", "Running")


async def _patch(
    api: KubeApi,
    deployment: Manifest,
    replicas: int,
    notes: dict[str, str],
    *,
    is_trial: bool = False,
) -> None:
    changed: Manifest = {"spec": {"replicas": replicas}}
    if notes:
        changed["metadata"] = {"annotations": notes}
    path = path_of(deployment)
    await api.patch_object(f"{path}?{_DRY}" if is_trial else path, changed)
