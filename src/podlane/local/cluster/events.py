"""Events about pods, as the scheduler and the kubelet write them; the oldest go first."""

from __future__ import annotations

from collections import deque
from typing import Literal
from uuid import uuid4

from podlane.local.cluster.kinds import EVENT, Object
from podlane.local.cluster.status import NODE
from podlane.local.cluster.store import Key, Store, now_text

_KEPT = 500


class Recorder:
    def __init__(self, store: Store) -> None:
        self._store = store
        self._names: deque[Key] = deque()
        self._known: dict[tuple[str, str, str], Key] = {}

    def record(
        self,
        pod: Object,
        reason: str,
        message: str,
        *,
        container: str = "",
        kind: Literal["Normal", "Warning"] = "Normal",
    ) -> None:
        """Write an event, or count one more of the same."""
        about = (pod["metadata"]["uid"], reason, message)
        known = self._store.find(EVENT, self._known[about]) if about in self._known else None
        if known is not None:
            counted = {"count": known["count"] + 1, "lastTimestamp": now_text()}
            self._store.replace(EVENT, known | counted)
            return
        event = _event(pod, reason, message, container) | {"type": kind}
        created = self._store.create(EVENT, event)["metadata"]
        key = (created["namespace"], created["name"])
        self._known[about] = key
        self._names.append(key)
        while len(self._names) > _KEPT:
            self._forget(self._names.popleft())

    def _forget(self, key: Key) -> None:
        old = self._store.find(EVENT, key)
        if old is not None:
            self._known.pop((old["involvedObject"]["uid"], old["reason"], old["message"]), None)
            self._store.remove(EVENT, old)


def _event(pod: Object, reason: str, message: str, container: str) -> Object:
    about = pod["metadata"]
    component = "default-scheduler" if reason in ("Scheduled", "FailedScheduling") else "kubelet"
    involved: Object = {"kind": "Pod", "namespace": about["namespace"], "name": about["name"]}
    involved |= {"uid": about["uid"], "apiVersion": "v1"}
    involved["resourceVersion"] = about["resourceVersion"]
    if container:
        involved["fieldPath"] = f"spec.containers{{{container}}}"
    name = f"{about['name']}.{uuid4().hex[:16]}"
    now = now_text()
    return {
        "kind": "Event",
        "apiVersion": "v1",
        "metadata": {"name": name, "namespace": about["namespace"]},
        "involvedObject": involved,
        "reason": reason,
        "message": message,
        "source": {"component": component, "host": NODE},
        "firstTimestamp": now,
        "lastTimestamp": now,
        "count": 1,
        "eventTime": None,
        "reportingComponent": component,
        "reportingInstance": NODE,
    }
