"""The objects, their versions and their bounded history.

Every write gets the next resourceVersion and is heard by the listeners at once (garbage
collection, the pods' sandboxes, watches). Stored objects are never changed in place.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Literal
from uuid import uuid4

import msgspec

from podlane.local.cluster.failure import already_exists, not_found
from podlane.local.cluster.kinds import Kind, Object

Key = tuple[str, str]
EventType = Literal["ADDED", "MODIFIED", "DELETED"]


class Change(msgspec.Struct, frozen=True):
    version: int
    type: EventType
    kind: Kind
    object: Object
    previous: Object | None


Listener = Callable[[Change], None]


def now_text() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def key_of(item: Object) -> Key:
    """Its namespace, "" where it is in none, and its name."""
    return item["metadata"].get("namespace", ""), item["metadata"]["name"]


class Store:
    def __init__(self, *, history_limit: int = 1000) -> None:
        self.version = 1
        self.forgotten = 0
        """Changes up to this version are no longer known."""
        self._objects: dict[str, dict[Key, Object]] = {}
        self._history: deque[Change] = deque()
        self._history_limit = history_limit
        self._listeners: list[Listener] = []

    def listen(self, listener: Listener) -> None:
        self._listeners.append(listener)

    def stop_listening(self, listener: Listener) -> None:
        self._listeners.remove(listener)

    def find(self, kind: Kind, key: Key) -> Object | None:
        return self._objects.get(kind.plural, {}).get(key)

    def get(self, kind: Kind, key: Key) -> Object:
        item = self.find(kind, key)
        if item is None:
            raise not_found(kind, key[1])
        return item

    def items(self, kind: Kind, namespace: str = "") -> list[Object]:
        """All objects of a kind, sorted by namespace and name as etcd's keys are."""
        items = self._objects.get(kind.plural, {})
        return [items[key] for key in sorted(items) if namespace in ("", key[0])]

    def create(self, kind: Kind, item: Object, *, is_kept: bool = True) -> Object:
        """`is_kept`: false for a dry run."""
        key = key_of(item)
        if self.find(kind, key) is not None:
            raise already_exists(kind, key[1])
        metadata = item["metadata"] | {"uid": str(uuid4()), "creationTimestamp": now_text()}
        made = item | {"metadata": metadata}
        return self._write("ADDED", kind, made, None) if is_kept else made

    def replace(self, kind: Kind, item: Object) -> Object:
        previous = self.get(kind, key_of(item))
        if _same(previous, item):
            return previous
        return self._write("MODIFIED", kind, item, previous)

    def remove(self, kind: Kind, item: Object) -> Object:
        previous = self.get(kind, key_of(item))
        return self._write("DELETED", kind, item, previous)

    def since(self, version: int) -> list[Change]:
        """The changes after `version`; the caller has compared it with `forgotten`."""
        found = []
        for change in reversed(self._history):
            if change.version <= version:
                break
            found.append(change)
        return found[::-1]

    def forget(self) -> None:
        """Drop all history, as a compaction does."""
        self._history.clear()
        self.version += 1
        self.forgotten = self.version

    def _write(self, how: EventType, kind: Kind, item: Object, previous: Object | None) -> Object:
        self.version += 1
        metadata = item["metadata"] | {"resourceVersion": str(self.version)}
        item = item | {"metadata": metadata}
        items = self._objects.setdefault(kind.plural, {})
        if how == "DELETED":
            items.pop(key_of(item), None)
        else:
            items[key_of(item)] = item
        change = Change(self.version, how, kind, item, previous)
        self._history.append(change)
        while len(self._history) > self._history_limit:
            self.forgotten = self._history.popleft().version
        for listener in tuple(self._listeners):
            listener(change)
        return item


def _same(old: Object, new: Object) -> bool:
    version = {"resourceVersion": old["metadata"]["resourceVersion"]}
    return bool(old == new | {"metadata": new["metadata"] | version})
