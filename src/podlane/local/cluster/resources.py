"""The verbs on objects: create, get, list, update, patch and delete, as values, without HTTP."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from msgspec import Struct

from podlane.local.cluster import defaults, failure, validate
from podlane.local.cluster.kinds import NAMESPACE, POD, Kind, Object
from podlane.local.cluster.selector import Selector
from podlane.local.cluster.store import Key, Store, key_of, now_text

_FIXED = ("name", "namespace", "uid", "creationTimestamp", "generation", "deletionTimestamp")
_ENDED = ("Succeeded", "Failed")


class Page(Struct, frozen=True):
    items: list[Object]
    metadata: Object


class Resources:
    def __init__(self, store: Store) -> None:
        self._store = store

    def create(
        self,
        kind: Kind,
        namespace: str,
        item: Object,
        admit: Callable[[Object], None],
        *,
        is_kept: bool = True,
    ) -> Object:
        """Complete, check and store; `admit` may refuse a pod that is otherwise well formed."""
        given = (item.get("metadata") or {}).get("namespace", namespace)
        if given != namespace:
            raise failure.bad_request(
                "the namespace of the provided object does not match the namespace sent on the "
                "request"
            )
        if item.get("kind", kind.name) != kind.name:
            raise failure.bad_request(
                f'{item["kind"]} in version "v1" cannot be handled as a {kind.name}: '
                f"converting (v1.{item['kind']}) to (core.{kind.name}): unknown conversion"
            )
        if kind.is_namespaced:
            self._check_namespace(kind, namespace, item)
        completed = defaults.complete(kind, namespace, item)
        validate.check(kind, completed)
        if kind is POD:
            admit(completed)
        return self._store.create(kind, completed, is_kept=is_kept)

    def _check_namespace(self, kind: Kind, namespace: str, item: Object) -> None:
        found = self._store.find(NAMESPACE, ("", namespace))
        if found is None:
            raise failure.no_namespace(namespace)
        if "deletionTimestamp" in found["metadata"]:
            name = (item.get("metadata") or {}).get("name", "")
            raise failure.namespace_ends(kind, name, namespace)

    def list_page(self, kind: Kind, namespace: str, selects: Selector, limits: Page) -> Page:
        """`limits` holds the query: `limit` and `continue` in its metadata."""
        version, start = self._store.version, ("", "")
        token = limits.metadata.get("continue", "")
        if token:
            version, start = self._read_token(token)
        found = [
            item
            for item in self._store.items(kind, namespace)
            if key_of(item) > start and selects(item)
        ]
        metadata: Object = {"resourceVersion": str(version)}
        limit = _number(limits.metadata.get("limit") or "0")
        if 0 < limit < len(found):
            found = found[:limit]
            metadata["continue"] = _make_token(version, key_of(found[-1]))
        return Page(found, metadata)

    def _read_token(self, token: str) -> tuple[int, Key]:
        try:
            value = json.loads(base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)))
            version, start = int(value["rv"]), (value["namespace"], value["start"])
        except (ValueError, KeyError, TypeError) as error:
            raise failure.bad_request(
                "invalid continue token: continue key is not valid"
            ) from error
        if version < self._store.forgotten:
            raise failure.continue_expired()
        return version, start

    def update(self, kind: Kind, key: Key, item: Object) -> Object:
        """Replace all but what the server owns; a resourceVersion in it must be the present one."""
        previous = self._store.get(kind, key)
        metadata = {name: value for name, value in (item.get("metadata") or {}).items() if value}
        _check_name(metadata, key)
        version = metadata.get("resourceVersion", "")
        if version and version != previous["metadata"]["resourceVersion"]:
            raise failure.modified(kind, key[1])
        uid = metadata.get("uid", "")
        if uid and uid != previous["metadata"]["uid"]:
            raise failure.uid_differs(kind, key[1], uid, previous["metadata"]["uid"])
        kept = {
            field: previous["metadata"][field] for field in _FIXED if field in previous["metadata"]
        }
        updated = item | {"metadata": metadata | kept}
        if kind is POD:  # the status belongs to the kubelet
            updated["status"] = previous["status"]
        validate.check_replacement(kind, previous, updated)
        return self._store.replace(kind, updated)

    def patch(self, kind: Kind, key: Key, patch: Any) -> Object:
        previous = self._store.get(kind, key)
        if not isinstance(patch, dict):
            raise failure.bad_request("the patch is not a JSON object")
        uid = (patch.get("metadata") or {}).get("uid", previous["metadata"]["uid"])
        if uid != previous["metadata"]["uid"]:
            problem = failure.Problem("metadata.uid", "Invalid", f'"{uid}": field is immutable')
            raise failure.invalid(kind, key[1], [problem])
        return self.update(kind, key, defaults.merge(previous, patch))

    def delete(self, kind: Kind, key: Key, options: Object) -> tuple[Object, bool]:
        """Return the object and whether it still exists (a pod that has its grace)."""
        item = self._store.get(kind, key)
        metadata = item["metadata"]
        only = options.get("preconditions") or {}
        if only.get("uid", metadata["uid"]) != metadata["uid"]:
            raise failure.uid_differs(kind, key[1], only["uid"], metadata["uid"])
        version = metadata["resourceVersion"]
        if only.get("resourceVersion", version) != version:
            raise failure.version_differs(kind, key[1], only["resourceVersion"], version)
        if kind is NAMESPACE:
            return self._delete_namespace(item), True
        if kind is not POD:
            return self._store.remove(kind, item), False
        return self._delete_pod(item, options.get("gracePeriodSeconds"))

    def _delete_namespace(self, item: Object) -> Object:
        """Mark it; its controller empties and removes it."""
        if "deletionTimestamp" in item["metadata"]:
            raise failure.ends_already(item["metadata"]["name"])
        marked = item["metadata"] | {"deletionTimestamp": now_text()}
        ending = {"metadata": marked, "status": {"phase": "Terminating"}}
        return self._store.replace(NAMESPACE, item | ending)

    def _delete_pod(self, pod: Object, asked: int | None) -> tuple[Object, bool]:
        grace = _grace(pod, asked)
        metadata = pod["metadata"]
        left = metadata.get("deletionGracePeriodSeconds")
        if left is not None and (asked is None or grace >= left):
            return pod, True
        end = datetime.now(UTC) + timedelta(seconds=grace)
        marked = metadata | {
            "generation": metadata.get("generation", 1) + (left is None),
            "deletionTimestamp": end.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "deletionGracePeriodSeconds": grace,
        }
        pod = self._store.replace(POD, pod | {"metadata": marked})
        if grace:
            return pod, True
        return self._store.remove(POD, pod), False


def _check_name(metadata: Object, key: Key) -> None:
    name = metadata.get("name", "")
    if not name:
        raise failure.bad_request(
            f"the name of the object ({key[1]} based on URL) was undeterminable: "
            "name must be provided"
        )
    if name != key[1]:
        raise failure.bad_request(
            f"the name of the object ({name}) does not match the name on the URL ({key[1]})"
        )


def _number(text: str) -> int:
    if not text.isdecimal():
        raise failure.bad_request(f'strconv.ParseInt: parsing "{text}": invalid syntax')
    return int(text)


def _grace(pod: Object, asked: int | None) -> int:
    """Seconds until the kill; a pod without a node, or whose containers have ended, needs none."""
    spec = pod["spec"]
    if not spec.get("nodeName") or pod["status"].get("phase") in _ENDED:
        return 0
    grace = spec.get("terminationGracePeriodSeconds", 30) if asked is None else asked
    return 1 if grace < 0 else int(grace)


def _make_token(version: int, last: Key) -> str:
    value = {"v": "meta.k8s.io/v1", "rv": version, "namespace": last[0], "start": last[1]}
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")
