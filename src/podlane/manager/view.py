"""What is watched: the jobs of one namespace, or of all, kept true on the board for ever."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from typing import Any

from podlane.clients.kube.follow import Broken, Changed, Listed, Query, follow
from podlane.clients.kube.kinds import POD, SECRET
from podlane.core.pod import names
from podlane.core.pod.state import RawPod, RawRecord, parse_pod, parse_record
from podlane.errors import ServiceError
from podlane.manager.board import Board
from podlane.manager.site import Site

log = logging.getLogger(__name__)


class View:
    """`site` without a namespace: all of them. `settled`: what is there is known, or `why_barred`
    says why it never will be. `noted` is called with each namespace that a note names, `barred`
    when the API does not let us watch."""

    def __init__(
        self,
        site: Site,
        board: Board,
        noted: Callable[[str], None],
        barred: Callable[[View, ServiceError], None],
    ) -> None:
        self.site = site
        self.settled = asyncio.Event()
        self.why_barred = ""
        self.tasks: list[asyncio.Task[None]] = []
        self._board = board
        self._noted = noted
        self._barred = barred
        self._listed: set[str] = set()

    def covers(self, namespace: str) -> bool:
        return self.site.namespace in ("", namespace)

    @property
    def is_listed(self) -> bool:
        """Whether records and pods are known: before, a missing pod says nothing."""
        return len(self._listed) == 2

    def close(self) -> None:
        for task in self.tasks:
            task.cancel()
        self.settled.set()
        for what in ("records", "pods"):
            self._board.see(self.site.name, what, is_seen=True)

    async def follow_records(self) -> None:
        board, site = self._board, self.site
        query = Query(SECRET, site.namespace, site.selector, metadata_only=True, item=RawRecord)
        async for event in follow(site.api, query):
            match event:
                case Listed(items=items):
                    records = [parse_record(raw) for raw in items if self._is_record(raw)]
                    keys = [(site.at(one.namespace).name, one.name) for one in records]
                    board.keep_only_records(site.name, keys)
                    for (where, _), record in zip(keys, records, strict=True):
                        board.put_record(where, record, is_seen=True, now=time.time())
                    self._see("records")
                case Changed(type=word, item=raw) if self._is_record(raw):
                    record = parse_record(raw)
                    where = site.at(record.namespace).name
                    if word == "DELETED":
                        board.drop_record(where, record.name, record.uid)
                    else:
                        board.put_record(where, record, is_seen=True, now=time.time())
                case Broken(error=error):
                    self._lose("records", error)

    async def follow_pods(self) -> None:
        board, site = self._board, self.site
        query = Query(POD, site.namespace, site.selector, item=RawPod)
        async for event in follow(site.api, query):
            match event:
                case Listed(items=items):
                    pods = [parse_pod(raw) for raw in items]
                    board.keep_only_pods(site.name, [pod.uid for pod in pods])
                    for pod in pods:
                        board.put_pod(site.at(pod.namespace).name, pod, time.time())
                    self._see("pods")
                case Changed(type="DELETED", item=raw):
                    pod = parse_pod(raw)
                    board.drop_pod(site.at(pod.namespace).name, pod)
                case Changed(item=raw):
                    pod = parse_pod(raw)
                    board.put_pod(site.at(pod.namespace).name, pod, time.time())
                case Broken(error=error):
                    self._lose("pods", error)

    def _is_record(self, raw: Any) -> bool:
        """The record itself, not a further Secret that belongs to it, nor what somebody else has
        labelled like one; a note is heard."""
        if noted := raw.metadata.labels.get(names.NOTED):
            self._noted(noted)
            return False
        meta = raw.metadata
        return not meta.owner_references and names.is_record(meta.name, meta.labels)

    def _see(self, what: str) -> None:
        """All of it is known now: each job of it is looked at anew."""
        self._listed.add(what)
        self._board.see(self.site.name, what, is_seen=True)
        if self.is_listed:
            self.why_barred = ""
            self.settled.set()
        self._board.stir_view(self.site.name)

    def _lose(self, what: str, error: Exception) -> None:
        self._board.see(self.site.name, what, is_seen=False)
        if isinstance(error, ServiceError) and error.status == 403 and not self.is_listed:
            self.why_barred = error.message
            self._barred(self, error)
            return
        where = self.site.namespace or "(all)"
        log.warning(
            "Lost sight of the cluster, trying again",
            extra={"fields": {"what": what, "namespace": where, "error": str(error)}},
        )
