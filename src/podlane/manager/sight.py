"""A job as it is in the cluster now, whatever the watch has shown, and what the rules say of it."""

from __future__ import annotations

import time

import msgspec

from podlane.clients.kube.kinds import POD, SECRET
from podlane.core.pod.state import PodState, RawPod, parse_pod
from podlane.core.pod.verdict import Patience, Verdict, Wait, judge, settled
from podlane.errors import Gone
from podlane.manager import pods
from podlane.manager.board import Board, Line
from podlane.manager.site import Site

_REMOVAL_SECONDS = 15.0


def verdict_of(line: Line, now: float, patience: Patience) -> Verdict:
    if now < line.removed_at + _REMOVAL_SECONDS:
        return Wait(line.removed_at + _REMOVAL_SECONDS - now)
    is_spoken = line.is_spoken or (line.pod is not None and line.pod.is_spoken)
    return settled(line.entry(), now) if is_spoken else judge(line.entry(), now, patience)


async def look_for(name: str, site: Site, board: Board) -> None:
    """Put a pod on the board as it is in the cluster. Gone when it is not there."""
    found = await site.api.get(POD, site.namespace, name)
    board.put_pod(site.name, parse_pod(msgspec.convert(found, RawPod)), time.time())


async def others(
    line: Line, site: Site, board: Board, but: PodState | None = None
) -> list[PodState]:
    """The pods of a job that its line on the board lacked (or all, but that one), except for what
    has ended of earlier attempts; from now on it has the newest.

    After trouble with the API the watch may be a while behind; what is not seen is not gone.
    """
    but = but or line.pod
    known = but.uid if but is not None else ""
    found = await pods.find(site, line.record)
    for pod in found:
        board.put_pod(site.name, pod, time.time())
    newest = line.pod.uid if line.pod is not None else ""
    return [pod for pod in found if pod.uid != known and (pod.can_begin or pod.uid == newest)]


async def is_current(line: Line, site: Site) -> bool:
    """Whether the record in the cluster is the one on the board."""
    try:
        found = await site.api.get(SECRET, site.namespace, line.record.name)
    except Gone:
        return False
    return bool(found["metadata"]["uid"] == line.record.uid)
