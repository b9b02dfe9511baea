"""The shape of a pod to record, how a state is known to be there, and what is done to get there.

The pods have the two containers of a job's pod. What stands for the helper leaves the last word of
a helper that has left the word to the manager, where the rules ask for one.
"""

from __future__ import annotations

import copy
from collections.abc import Awaitable, Callable
from typing import Any

from msgspec import Struct

from harness.cluster import RealCluster
from harness.scenario import merge

Pod = dict[str, Any]
Events = list[dict[str, str]]
Then = Callable[[RealCluster, "Case"], Awaitable[None]]
PRIVATE, PUBLIC, NOBODY = "127.0.0.1:5001", "127.0.0.1:5000", "127.0.0.1:9"
LONG = ["sh", "-c", "trap 'exit 0' TERM; while :; do sleep 0.2; done"]
STUBBORN = ["sh", "-c", "trap '' TERM; while :; do sleep 0.2; done"]


class Case(Struct, frozen=True):
    """`then`: what is done once all runs. `waits_for_end`: its last state before it was gone."""

    name: str
    about: str
    pod: Pod
    is_there: Callable[[Pod, Events], bool]
    then: Then | None = None
    objects: tuple[Pod, ...] = ()
    is_refused: bool = False
    waits_for_end: bool = False
    seconds: float = 90


def says(word: str) -> list[str]:
    return ["sh", "-c", f"printf '%s' '{word}' >/dev/termination-log; sleep 2"]


DEFERRED = says('{"state":"deferred"}')
BUSY = {"command": LONG}


def pod(name: str, spec: Pod | None = None, **containers: Pod) -> Pod:
    """`containers`: laid over the container of that name; others are services."""
    plain = {"image": "busybox:1", "imagePullPolicy": "IfNotPresent"}
    both = {"helper": plain | {"command": LONG}, "build": plain | {"command": LONG}}
    for key, value in containers.items():
        both[key] = merge(both.get(key, plain), copy.deepcopy(value))
    whole = {
        "restartPolicy": "Never",
        "terminationGracePeriodSeconds": 3,
        "automountServiceAccountToken": False,
        "containers": [{"name": key, **value} for key, value in both.items()],
    }
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name},
        "spec": merge(whole, spec or {}),
    }


def _statuses(pod: Pod) -> dict[str, Pod]:
    return {one["name"]: one["state"] for one in pod["status"].get("containerStatuses", ())}


def waits(name: str, *reasons: str) -> Callable[[Pod, Events], bool]:
    return lambda pod, _: (
        _statuses(pod).get(name, {}).get("waiting", {}).get("reason", "") in reasons
    )


def ended(*names: str) -> Callable[[Pod, Events], bool]:
    return lambda pod, _: all("terminated" in _statuses(pod).get(name, {}) for name in names)


def has_failed(pod: Pod, _: Events) -> bool:
    return bool(pod["status"].get("phase") == "Failed")


def is_unschedulable(pod: Pod, _: Events) -> bool:
    return any(one.get("reason") == "Unschedulable" for one in pod["status"].get("conditions", ()))


def warned(reason: str) -> Callable[[Pod, Events], bool]:
    return lambda _, events: any(one["reason"] == reason for one in events)


def is_deleting(pod: Pod, _: Events) -> bool:
    return "deletionTimestamp" in pod["metadata"]


async def delete(stage: RealCluster, case: Case) -> None:
    await stage.kubectl("delete", "pod", case.name, "--wait=false")


async def evict(stage: RealCluster, case: Case) -> None:
    path = f"/api/v1/namespaces/{stage.namespace}/pods/{case.name}/eviction"
    wish = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": case.name}}
    await stage.kubectl("create", "--raw", path, "-f", "-", typed=_json(wish))


def kill(container: str) -> Then:
    async def kill(stage: RealCluster, case: Case) -> None:
        found = await stage.kubectl("get", "pod", case.name, "-o", "json")
        stage.kill_in(_read(found), container)

    return kill


def _json(value: Any) -> str:
    import json

    return json.dumps(value)


def _read(text: str) -> Pod:
    import json

    found: Pod = json.loads(text)
    return found


def env(**source: Pod) -> Pod:
    return {"command": LONG, "env": [{"name": "A", "valueFrom": source}]}


def volume(**source: Any) -> Pod:
    return {"volumes": [{"name": "v", **source}]}


MOUNTED: Pod = {"volumeMounts": [{"name": "v", "mountPath": "/v"}]}
SMALL: Pod = {"resources": {"limits": {"memory": "16Mi"}}}
EATS = ["sh", "-c", "tail -c 64m /dev/zero"]
CHILD = ["sh", "-c", "(tail -c 64m /dev/zero); sleep 0.5; exit 0"]
ROOT_REFUSED = {"securityContext": {"runAsNonRoot": True}}
HIGH, LOW = "podlane-record-high", "podlane-record-low"
SCARCE = "podlane.dev/record"


def priority(name: str, value: int) -> Pod:
    kind = {"apiVersion": "scheduling.k8s.io/v1", "kind": "PriorityClass"}
    return kind | {"metadata": {"name": name}, "value": value}


def takes_all(name: str) -> Pod:
    return {"priorityClassName": name}


def scarce() -> Pod:
    return {"command": STUBBORN, "resources": {"limits": {SCARCE: "1"}}}


async def preempt(stage: RealCluster, case: Case) -> None:
    await stage.create(pod("preempts", takes_all(HIGH), build=scarce()))
