"""One namespace of one cluster: where jobs of some runners live, and how the board learns of it."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from podlane.clients.kube.api import KubeApi
from podlane.clients.kube.follow import Broken, Changed, Listed, Query, follow
from podlane.clients.kube.kinds import POD, SECRET
from podlane.core.pod.state import RawPod, RawRecord, parse_pod, parse_record
from podlane.manager.board import Board

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Site:
    """`name` is the key of this site on the board: cluster and namespace."""

    name: str
    api: KubeApi
    namespace: str
    selector: str

    async def follow_records(self, board: Board, ready: Callable[[], None]) -> None:
        """Keep the board's records true, for ever; call `ready` after each full list."""
        query = Query(SECRET, self.namespace, self.selector, metadata_only=True, item=RawRecord)
        async for event in follow(self.api, query):
            match event:
                case Listed(items=items):
                    records = [parse_record(raw) for raw in items if _is_record(raw)]
                    board.keep_only_records(self.name, [record.name for record in records])
                    for record in records:
                        board.put_record(self.name, record, is_seen=True)
                    board.see(self.name, "records", is_seen=True)
                    ready()
                case Changed(type=word, item=raw) if _is_record(raw):
                    record = parse_record(raw)
                    if word == "DELETED":
                        board.drop_record(self.name, record.name, record.uid)
                    else:
                        board.put_record(self.name, record, is_seen=True)
                case Broken(error=error):
                    board.see(self.name, "records", is_seen=False)
                    self._say_broken("Secrets", error)

    async def follow_pods(self, board: Board, ready: Callable[[], None]) -> None:
        """Keep the board's pods true, for ever; call `ready` after each full list."""
        query = Query(POD, self.namespace, self.selector, item=RawPod)
        async for event in follow(self.api, query):
            match event:
                case Listed(items=items):
                    pods = [parse_pod(raw) for raw in items]
                    board.keep_only_pods(self.name, [pod.uid for pod in pods])
                    for pod in pods:
                        board.put_pod(self.name, pod, time.time())
                    board.see(self.name, "pods", is_seen=True)
                    ready()
                case Changed(type="DELETED", item=raw):
                    board.drop_pod(self.name, parse_pod(raw))
                case Changed(item=raw):
                    board.put_pod(self.name, parse_pod(raw), time.time())
                case Broken(error=error):
                    board.see(self.name, "pods", is_seen=False)
                    self._say_broken("Pods", error)

    def _say_broken(self, what: str, error: Exception) -> None:
        log.warning(
            "Lost sight of the cluster, trying again",
            extra={"fields": {"what": what, "namespace": self.namespace, "error": str(error)}},
        )


def _is_record(raw: Any) -> bool:
    """The record itself, not a further Secret that belongs to it."""
    return not raw.metadata.owner_references
