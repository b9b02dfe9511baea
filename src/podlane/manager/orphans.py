"""Looks for namespaces of jobs that have no job any more, and deletes them.

Once when the jobs that are there are known, then every few minutes: a manager that is killed after
it has made a namespace and before it has made the record leaves one behind.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Iterable

from podlane.clients.kube.kinds import NAMESPACE
from podlane.clients.kube.watch import Query, list_items
from podlane.core.pod.orphan import is_orphan
from podlane.core.pod.state import RawRecord, parse_record
from podlane.errors import Gone, ServiceError
from podlane.manager.board import Board
from podlane.manager.runner import Runner

log = logging.getLogger(__name__)
_SECONDS = 120.0


async def sweep(runners: Callable[[], Iterable[Runner]], board: Board) -> None:
    """For ever; asks nothing of a cluster where no runner makes namespaces."""
    while True:
        clusters = {one.site.cluster: one for one in runners() if one.reach.makes_them}
        for runner in clusters.values():
            await runner.views.ready(runner.reach)
            try:
                await _sweep(runner, board)
            except ServiceError as error:
                fields = {"runner": runner.log_name, "error": error.message}
                log.warning("Cannot look for namespaces without a job", extra={"fields": fields})
        await asyncio.sleep(_SECONDS)


async def _sweep(runner: Runner, board: Board) -> None:
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
