"""Looks for what a killed manager has left behind, and deletes it: namespaces of jobs that have no
job any more, and pods whose record is gone.

Once when the jobs that are there are known, then every few minutes, by the manager that settles.
Whatever a record or a pod owns goes with it, without us; only what has our labels is looked at.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Iterable

from podlane.clients.kube.kinds import NAMESPACE, POD, SECRET
from podlane.clients.kube.watch import Query, list_items
from podlane.core.pod.names import record_of
from podlane.core.pod.orphan import is_orphan, is_stray
from podlane.core.pod.state import RawRecord, parse_record
from podlane.errors import Gone, ServiceError
from podlane.manager.board import Board
from podlane.manager.hands import Hands
from podlane.manager.runner import Runner

log = logging.getLogger(__name__)
_SECONDS = 120.0


async def sweep(
    runners: Callable[[], Iterable[Runner]], hands: Hands, seconds: float = _SECONDS
) -> None:
    """For ever; asks nothing of a cluster where nothing is to be looked at."""
    while True:
        clusters = {one.site.cluster: one for one in runners()}
        clusters |= {one.site.cluster: one for one in runners() if one.reach.makes_them}
        for runner in clusters.values():
            await runner.views.ready(runner.reach)
            if not hands.duty.is_ours:
                continue
            try:
                await _sweep_pods(runner, hands.board)
                if runner.reach.makes_them:
                    await _sweep_namespaces(runner, hands.board)
            except ServiceError as error:
                fields = {"runner": runner.log_name, "error": error.message}
                log.warning("Cannot look for what is left behind", extra={"fields": fields})
        await asyncio.sleep(seconds)


async def _sweep_pods(runner: Runner, board: Board) -> None:
    """Pods that the cluster's own collector leaves, such as those of a record that was deleted
    with `--cascade=orphan`."""
    for site, pod in board.strays(runner.site.cluster):
        where, patience = runner.site.at(pod.namespace), runner.patience().start
        if board.is_blind(site) or not is_stray(pod, now=time.time(), patience=patience):
            continue
        try:
            await where.api.get(SECRET, pod.namespace, pod.record or record_of(pod.name))
            continue
        except Gone:
            pass
        try:
            await where.api.delete(POD, pod.namespace, pod.name, only={"uid": pod.uid})
        except Gone:
            continue
        fields = {"namespace": pod.namespace, "pod": pod.name}
        log.info("Deleted a pod that has no record any more", extra={"fields": fields})


async def _sweep_namespaces(runner: Runner, board: Board) -> None:
    site = runner.site
    query = Query(NAMESPACE, "", site.selector, metadata_only=True, item=RawRecord)
    found, _ = await list_items(site.api, query)
    for raw in found:
        namespace = parse_record(raw)
        where = site.at(namespace.name)
        has_job = any(key[0] == where.name for key in board.lines)
        patience = runner.patience().start
        if not is_orphan(namespace, has_job=has_job, now=time.time(), patience=patience):
            continue
        try:
            await site.api.delete(NAMESPACE, "", namespace.name, only={"uid": namespace.uid})
        except Gone:
            continue
        fields = {"namespace": namespace.name, "job": namespace.job_id}
        log.info("Deleted a namespace that has no job any more", extra={"fields": fields})
