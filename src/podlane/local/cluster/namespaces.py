"""The end of a namespace: all that is in it is deleted, then the namespace itself."""

from __future__ import annotations

import asyncio

from podlane.local.cluster.kinds import KINDS, NAMESPACE, Kind, Object
from podlane.local.cluster.owners import Delete
from podlane.local.cluster.store import Change, Store

_DELAY_SECONDS = 0.05
FIRST = ("default", "kube-system")


def make_first(store: Store) -> None:
    """The namespaces that every cluster has."""
    for name in FIRST:
        metadata = {"name": name, "labels": {"kubernetes.io/metadata.name": name}}
        head = {"kind": "Namespace", "apiVersion": "v1", "metadata": metadata}
        store.create(NAMESPACE, head | {"status": {"phase": "Active"}})


class NamespaceController:
    """Hears every change, and empties the namespaces that are told to end."""

    def __init__(self, store: Store, delete: Delete) -> None:
        self._store = store
        self._delete = delete
        self._timers: set[asyncio.TimerHandle] = set()
        store.listen(self._heard)

    def stop(self) -> None:
        self._store.stop_listening(self._heard)
        for timer in self._timers:
            timer.cancel()

    def _heard(self, change: Change) -> None:
        is_ending = change.kind is NAMESPACE and "deletionTimestamp" in change.object["metadata"]
        if change.type == "MODIFIED" and is_ending:
            self._later(change.object["metadata"]["name"])
        elif change.type == "DELETED" and change.kind.is_namespaced:
            self._later(change.object["metadata"]["namespace"])

    def _later(self, namespace: str) -> None:
        loop = asyncio.get_running_loop()
        now = loop.time()
        self._timers = {timer for timer in self._timers if timer.when() > now}
        self._timers.add(loop.call_later(_DELAY_SECONDS, self._empty, namespace))

    def _empty(self, namespace: str) -> None:
        found = self._store.find(NAMESPACE, ("", namespace))
        if found is None or "deletionTimestamp" not in found["metadata"]:
            return
        for kind, item in self._content(namespace):
            if "deletionTimestamp" not in item["metadata"]:
                self._delete(kind, item)
        if not self._content(namespace):
            self._store.remove(NAMESPACE, found)

    def _content(self, namespace: str) -> list[tuple[Kind, Object]]:
        return [
            (kind, item)
            for kind in KINDS.values()
            if kind.is_namespaced
            for item in self._store.items(kind, namespace)
        ]
