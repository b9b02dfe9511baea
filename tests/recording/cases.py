"""The states to record: the pod that gets into each, and how it is known to be there.

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


def _says(word: str) -> list[str]:
    return ["sh", "-c", f"printf '%s' '{word}' >/dev/termination-log; sleep 2"]


DEFERRED = _says('{"state":"deferred"}')
BUSY = {"command": LONG}


def _pod(name: str, spec: Pod | None = None, **containers: Pod) -> Pod:
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


def _waits(name: str, *reasons: str) -> Callable[[Pod, Events], bool]:
    return lambda pod, _: (
        _statuses(pod).get(name, {}).get("waiting", {}).get("reason", "") in reasons
    )


def _ended(*names: str) -> Callable[[Pod, Events], bool]:
    return lambda pod, _: all("terminated" in _statuses(pod).get(name, {}) for name in names)


def _has_failed(pod: Pod, _: Events) -> bool:
    return bool(pod["status"].get("phase") == "Failed")


def _is_unschedulable(pod: Pod, _: Events) -> bool:
    return any(one.get("reason") == "Unschedulable" for one in pod["status"].get("conditions", ()))


def _warned(reason: str) -> Callable[[Pod, Events], bool]:
    return lambda _, events: any(one["reason"] == reason for one in events)


def _is_deleting(pod: Pod, _: Events) -> bool:
    return "deletionTimestamp" in pod["metadata"]


async def _delete(stage: RealCluster, case: Case) -> None:
    await stage.kubectl("delete", "pod", case.name, "--wait=false")


async def _evict(stage: RealCluster, case: Case) -> None:
    path = f"/api/v1/namespaces/{stage.namespace}/pods/{case.name}/eviction"
    wish = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": case.name}}
    await stage.kubectl("create", "--raw", path, "-f", "-", typed=_json(wish))


def _kill(container: str) -> Then:
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


def _env(**source: Pod) -> Pod:
    return {"command": LONG, "env": [{"name": "A", "valueFrom": source}]}


def _volume(**source: Any) -> Pod:
    return {"volumes": [{"name": "v", **source}]}


MOUNTED: Pod = {"volumeMounts": [{"name": "v", "mountPath": "/v"}]}
SMALL: Pod = {"resources": {"limits": {"memory": "16Mi"}}}
EATS = ["sh", "-c", "tail -c 64m /dev/zero"]
CHILD = ["sh", "-c", "(tail -c 64m /dev/zero); sleep 0.5; exit 0"]
_ROOT_REFUSED = {"securityContext": {"runAsNonRoot": True}}
_HIGH, _LOW = "podlane-record-high", "podlane-record-low"
_SCARCE = "podlane.dev/record"


def _priority(name: str, value: int) -> Pod:
    kind = {"apiVersion": "scheduling.k8s.io/v1", "kind": "PriorityClass"}
    return kind | {"metadata": {"name": name}, "value": value}


def _takes_all(name: str) -> Pod:
    return {"priorityClassName": name}


def _scarce() -> Pod:
    return {"command": STUBBORN, "resources": {"limits": {_SCARCE: "1"}}}


async def _preempt(stage: RealCluster, case: Case) -> None:
    await stage.create(_pod("preempts", _takes_all(_HIGH), build=_scarce()))


CASES: tuple[Case, ...] = (
    Case(
        "evicted-ephemeral-storage",
        "the build container wrote more than its limit of ephemeral storage",
        _pod(
            "evicted-ephemeral-storage",
            build={
                "command": ["sh", "-c", "dd if=/dev/zero of=/big bs=1M count=40; sleep 300"],
                "resources": {"limits": {"ephemeral-storage": "10Mi"}},
            },
        ),
        _has_failed,
        seconds=150,
    ),
    Case(
        "evicted-emptydir-size",
        "an emptyDir grew beyond its sizeLimit",
        _pod(
            "evicted-emptydir-size",
            _volume(emptyDir={"sizeLimit": "5Mi"}),
            build=MOUNTED | {"command": ["sh", "-c", "dd if=/dev/zero of=/v/big bs=1M count=40; sleep 300"]},
        ),
        _has_failed,
        seconds=150,
    ),
    Case(
        "evicted-by-api",
        "the eviction API, as a drain uses it; the containers are still ending",
        _pod("evicted-by-api", helper={"command": STUBBORN}),
        _is_deleting,
        then=_evict,
    ),
    Case(
        "evicted-by-api-gone",
        "the same pod's last state, before it was gone",
        _pod("evicted-by-api-gone", helper={"command": LONG}),
        _is_deleting,
        then=_evict,
        waits_for_end=True,
    ),
    Case(
        "preempted",
        "a pod of a higher PriorityClass took its place",
        _pod("preempted", _takes_all(_LOW), build=_scarce()),
        _is_deleting,
        then=_preempt,
        objects=(_priority(_HIGH, 1000), _priority(_LOW, -10)),
    ),
    Case(
        "missing-secret",
        "an environment variable comes from a Secret that is not there",
        _pod("missing-secret", build=_env(secretKeyRef={"name": "nobody", "key": "a"})),
        _waits("build", "CreateContainerConfigError"),
    ),
    Case(
        "missing-configmap",
        "an environment variable comes from a ConfigMap that is not there",
        _pod("missing-configmap", build=_env(configMapKeyRef={"name": "nobody", "key": "a"})),
        _waits("build", "CreateContainerConfigError"),
    ),
    Case(
        "missing-key",
        "the ConfigMap is there, its key is not",
        _pod("missing-key", build=_env(configMapKeyRef={"name": "there", "key": "a"})),
        _waits("build", "CreateContainerConfigError"),
        objects=({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "there"}},),
    ),
    Case(
        "missing-secret-volume",
        "a volume's Secret is not there: the status says nothing, an event does",
        _pod("missing-secret-volume", _volume(secret={"secretName": "nobody"}), build=MOUNTED),
        _warned("FailedMount"),
    ),
    Case(
        "missing-configmap-volume",
        "a volume's ConfigMap is not there",
        _pod("missing-configmap-volume", _volume(configMap={"name": "nobody"}), build=MOUNTED),
        _warned("FailedMount"),
    ),
    Case(
        "missing-host-path",
        "a hostPath of type Directory is not there on the node",
        _pod(
            "missing-host-path",
            _volume(hostPath={"path": "/nobody/has/this", "type": "Directory"}),
            build=MOUNTED,
        ),
        _warned("FailedMount"),
    ),
    Case(
        "missing-claim",
        "a volume's claim is not there: the scheduler says so",
        _pod("missing-claim", _volume(persistentVolumeClaim={"claimName": "nobody"}), build=MOUNTED),
        _is_unschedulable,
    ),
    Case(
        "unschedulable-room",
        "no node has room",
        _pod("unschedulable-room", build={"resources": {"requests": {"cpu": "500"}}}),
        _is_unschedulable,
    ),
    Case(
        "unschedulable-selector",
        "no node has the label",
        _pod("unschedulable-selector", {"nodeSelector": {"nobody": "has-this"}}),
        _is_unschedulable,
    ),
    Case(
        "node-refused-room",
        "put on a node by name, which has no room",
        _pod(
            "node-refused-room",
            {"nodeName": "node1"},
            build={"resources": {"requests": {"cpu": "500"}}},
        ),
        _has_failed,
    ),
    Case(
        "node-refused-affinity",
        "put on a node by name, which has not the label",
        _pod("node-refused-affinity", {"nodeName": "node1", "nodeSelector": {"nobody": "has-this"}}),
        _has_failed,
    ),
    Case(
        "image-name-invalid",
        "no valid name",
        _pod("image-name-invalid", build={"image": "Not A Name"}),
        _waits("build", "InvalidImageName"),
    ),
    Case(
        "image-not-found",
        "a registry that has no such image",
        _pod("image-not-found", build={"image": f"{PUBLIC}/nobody/has-this:1"}),
        _waits("build", "ErrImagePull", "ImagePullBackOff"),
    ),
    Case(
        "image-unauthorised",
        "a registry that wants a user",
        _pod("image-unauthorised", build={"image": f"{PRIVATE}/ci/busybox:1"}),
        _waits("build", "ErrImagePull", "ImagePullBackOff"),
    ),
    Case(
        "image-registry-down",
        "nobody listens there",
        _pod("image-registry-down", build={"image": f"{NOBODY}/a/b:1"}),
        _waits("build", "ErrImagePull"),
    ),
    Case(
        "image-back-off",
        "the same, some time later",
        _pod("image-back-off", build={"image": f"{NOBODY}/a/b:1"}),
        _waits("build", "ImagePullBackOff"),
    ),
    Case(
        "image-never-pulled",
        "pull policy Never, and the node has it not",
        _pod("image-never-pulled", build={"image": "nobody/has-this:1", "imagePullPolicy": "Never"}),
        _waits("build", "ErrImageNeverPull"),
    ),
    Case(
        "helper-image-not-found",
        "the helper's image is not there: nothing of the pod begins but the build container",
        _pod("helper-image-not-found", helper={"image": f"{PUBLIC}/nobody/has-this:1"}),
        _waits("helper", "ErrImagePull", "ImagePullBackOff"),
    ),
    Case(
        "sandbox-handler-unknown",
        "a RuntimeClass whose handler the node has not",
        _pod("sandbox-handler-unknown", {"runtimeClassName": "podlane-record"}),
        _warned("FailedCreatePodSandBox"),
        objects=(
            {
                "apiVersion": "node.k8s.io/v1",
                "kind": "RuntimeClass",
                "metadata": {"name": "podlane-record"},
                "handler": "nobody-has-this",
            },
        ),
    ),
    Case(
        "run-as-non-root",
        "runAsNonRoot, and the image is root's",
        _pod("run-as-non-root", build=_ROOT_REFUSED),
        _waits("build", "CreateContainerConfigError"),
    ),
    Case(
        "seccomp-profile-missing",
        "a seccomp profile that the node has not",
        _pod(
            "seccomp-profile-missing",
            build={
                "securityContext": {
                    "seccompProfile": {"type": "Localhost", "localhostProfile": "nobody/has.json"}
                }
            },
        ),
        _waits("build", "CreateContainerError"),
    ),
    Case(
        "post-start-hook-fails",
        "the build container's postStart hook ends with 1",
        _pod(
            "post-start-hook-fails",
            helper={"command": DEFERRED},
            build={"lifecycle": {"postStart": {"exec": {"command": ["sh", "-c", "exit 1"]}}}},
        ),
        _ended("helper", "build"),
    ),
    Case(
        "no-shell",
        "the command of the build container is not in its image",
        _pod("no-shell", helper={"command": DEFERRED}, build={"command": ["/nobody/has/this"]}),
        _ended("helper", "build"),
    ),
    Case(
        "command-not-executable",
        "the command of the build container may not be executed",
        _pod("command-not-executable", helper={"command": DEFERRED}, build={"command": ["/etc/passwd"]}),
        _ended("helper", "build"),
    ),
    Case(
        "entrypoint-ended",
        "an entrypoint that is kept ended by itself",
        _pod(
            "entrypoint-ended",
            helper={"command": _says('{"state":"deferred","outcome":{"state":"failed"}}')},
            build={"command": ["sh", "-c", "exit 3"], "args": ["sh"]},
        ),
        _ended("helper", "build"),
    ),
    Case(
        "build-killed",
        "somebody killed the build container's process 1",
        _pod("build-killed", helper={"command": ["sh", "-c", "sleep 6; " + DEFERRED[2]]}),
        _ended("helper", "build"),
        then=_kill("build"),
    ),
    Case(
        "memory-build",
        "the build container's main process was killed for memory (cgroup v1)",
        _pod("memory-build", helper={"command": DEFERRED}, build=SMALL | {"command": EATS}),
        _ended("helper", "build"),
    ),
    Case(
        "memory-build-child",
        "a child was killed for memory and the container ended well (cgroup v1): no failure of itself",
        _pod(
            "memory-build-child",
            helper={"command": _says('{"state":"accepted","outcome":{"state":"success"},"sent":10}')},
            build=SMALL | {"command": CHILD},
        ),
        _ended("helper", "build"),
    ),
    Case(
        "memory-service",
        "a service was killed for memory",
        _pod("memory-service", helper=BUSY, db=SMALL | {"command": EATS}),
        _ended("db"),
    ),
    Case(
        "memory-helper",
        "the helper was killed for memory, without a word",
        _pod("memory-helper", helper=SMALL | {"command": EATS}),
        _ended("helper"),
    ),
    Case(
        "service-ended",
        "a service ended by itself",
        _pod("service-ended", db={"command": ["sh", "-c", "exit 4"]}),
        _ended("db"),
    ),
    Case(
        "helper-killed",
        "the helper was killed, without a word",
        _pod("helper-killed", helper={"terminationMessagePolicy": "FallbackToLogsOnError"}),
        _ended("helper"),
        then=_kill("helper"),
    ),
    Case(
        "helper-killed-decided",
        "the helper was killed after it had decided and before GitLab had the outcome",
        _pod(
            "helper-killed-decided",
            helper={
                "command": [
                    "sh",
                    "-c",
                    'printf \'{"state":"decided","outcome":{"state":"failed","failure_reason":'
                    '"script_failure","exit_code":7}}\' >/dev/termination-log; sleep 300',
                ]
            },
        ),
        _ended("helper"),
        then=_kill("helper"),
    ),
    Case(
        "helper-crashed",
        "the helper ended with 1 and printed why",
        _pod(
            "helper-crashed",
            helper={
                "command": ["sh", "-c", "echo MemoryError >&2; exit 1"],
                "terminationMessagePolicy": "FallbackToLogsOnError",
            },
        ),
        _ended("helper"),
    ),
    Case(
        "helper-not-ours",
        "the helper's image has no podlane",
        _pod("helper-not-ours", helper={"command": ["podlane", "helper"]}),
        _ended("helper"),
    ),
    Case(
        "deadline",
        "activeDeadlineSeconds is over",
        _pod("deadline", {"activeDeadlineSeconds": 3}),
        lambda pod, _: pod["status"].get("reason") == "DeadlineExceeded",
    ),
    Case(
        "deleted",
        "somebody deleted the pod; the helper still speaks for itself",
        _pod("deleted", helper={"command": STUBBORN}),
        _is_deleting,
        then=_delete,
    ),
    Case(
        "deleted-gone",
        "somebody deleted the pod, and it is gone",
        _pod("deleted-gone"),
        _is_deleting,
        then=_delete,
        waits_for_end=True,
    ),
    Case(
        "refused-service-account",
        "the API refuses a pod whose service account is not there",
        _pod("refused-service-account", {"serviceAccountName": "nobody"}),
        _has_failed,
        is_refused=True,
    ),
    Case(
        "refused-runtime-class",
        "the API refuses a pod whose RuntimeClass is not there",
        _pod("refused-runtime-class", {"runtimeClassName": "nobody"}),
        _has_failed,
        is_refused=True,
    ),
    Case(
        "refused-priority-class",
        "the API refuses a pod whose PriorityClass is not there",
        _pod("refused-priority-class", {"priorityClassName": "nobody"}),
        _has_failed,
        is_refused=True,
    ),
    Case(
        "refused-quota",
        "a quota is used up",
        _pod("refused-quota", build={"resources": {"limits": {"example.com/nothing": "1"}}}),
        _has_failed,
        objects=(
            {
                "apiVersion": "v1",
                "kind": "ResourceQuota",
                "metadata": {"name": "few"},
                "spec": {"hard": {"requests.example.com/nothing": "0"}},
            },
        ),
        is_refused=True,
    ),
    Case(
        "refused-invalid",
        "the API refuses a pod that is no valid one",
        _pod("refused-invalid", build={"resources": {"requests": {"cpu": "2"}, "limits": {"cpu": "1"}}}),
        _has_failed,
        is_refused=True,
    ),
)
