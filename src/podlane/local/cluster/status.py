"""A pod's status as the kubelet would write it, from the states of its containers.

Field by field compared with pods of a v1.34 kubelet.
"""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha256

from msgspec import Struct

from podlane.local.cluster.kinds import Object
from podlane.local.cluster.store import now_text

HOST_IP = "127.0.0.1"
NODE = "local"
_EPOCH = "1970-01-01T00:00:00Z"
_UNREADY = "containers with unready status: [{}]"


class Waiting(Struct, frozen=True):
    reason: str = "ContainerCreating"
    message: str = ""


class Running(Struct, frozen=True):
    started_at: str
    container_id: str = ""


class Terminated(Struct, frozen=True):
    exit_code: int
    reason: str
    message: str = ""
    started_at: str | None = _EPOCH
    finished_at: str | None = None
    container_id: str = ""


State = Waiting | Running | Terminated


class Facts(Struct, frozen=True):
    """What is known of the pod beside its containers."""

    start_time: str
    has_sandbox: bool = False
    is_over: bool = False
    """All processes are gone: only now the phase may be final."""
    reason: str = ""
    message: str = ""
    disruption: str = ""
    disruption_message: str = ""


def lost_container() -> Terminated:
    """A container that was never started when its pod ended."""
    message = "The container could not be located when the pod was terminated"
    return Terminated(137, "ContainerStatusUnknown", message, None, None)


def scheduled(status: Object) -> Object:
    """The status that the scheduler writes when it has found a node."""
    return status | {"conditions": [_condition(status, "PodScheduled", "True")]}


def unschedulable(status: Object, message: str) -> Object:
    why = {"reason": "Unschedulable", "message": message}
    return status | {"conditions": [_condition(status, "PodScheduled", "False", why)]}


def disrupted(status: Object, reason: str, message: str) -> Object:
    """Add the condition that evictions, preemptions and drains leave."""
    others = [item for item in status.get("conditions", ()) if item["type"] != "DisruptionTarget"]
    why = {"reason": reason, "message": message}
    return status | {"conditions": [*others, _condition(status, "DisruptionTarget", "True", why)]}


def compose(pod: Object, facts: Facts, states: Mapping[str, State]) -> Object:
    spec, previous = pod["spec"], pod["status"]
    status: Object = {"observedGeneration": pod["metadata"].get("generation", 1)}
    status["phase"] = _phase(spec, facts, states)
    status["conditions"] = _conditions(pod, facts, states)
    if facts.message:
        status["message"] = facts.message
    if facts.reason:
        status["reason"] = facts.reason
    status |= {"hostIP": HOST_IP, "hostIPs": [{"ip": HOST_IP}]}
    if facts.has_sandbox:
        status |= {"podIP": HOST_IP, "podIPs": [{"ip": HOST_IP}]}
    status["startTime"] = facts.start_time
    groups = (("initContainers", "initContainerStatuses"), ("containers", "containerStatuses"))
    for group, field in groups:
        if spec.get(group):
            status[field] = [container_status(item, states[item["name"]]) for item in spec[group]]
    status["qosClass"] = previous.get("qosClass", "BestEffort")
    kept = [item for item in previous.get("conditions", ()) if item["type"] == "DisruptionTarget"]
    if kept and not facts.disruption:
        status["conditions"] += kept
    return status


def _phase(spec: Object, facts: Facts, states: Mapping[str, State]) -> str:
    if facts.reason:
        return "Failed"
    current = [states[item["name"]] for item in spec["containers"]]
    if facts.is_over:
        codes = [state.exit_code for state in current if isinstance(state, Terminated)]
        return "Succeeded" if len(codes) == len(current) and not any(codes) else "Failed"
    if any(isinstance(state, Waiting) for state in current):
        return "Pending"
    started = [state for state in current if not _start_failed(state)]
    return "Running" if started else "Pending"


def _start_failed(state: State) -> bool:
    return isinstance(state, Terminated) and state.reason == "StartError"


def _conditions(pod: Object, facts: Facts, states: Mapping[str, State]) -> list[Object]:
    previous, spec = pod["status"], pod["spec"]
    names = [item["name"] for item in spec["containers"]]
    unready = [name for name in names if not isinstance(states[name], Running)]
    init = [states[item["name"]] for item in spec.get("initContainers") or []]
    is_initialized = all(_init_done(state) for state in init)
    not_ready = _not_ready([states[name] for name in names], unready)
    ready = "False" if unready else "True"
    completed = not_ready if not_ready.get("reason") == "PodCompleted" else {}
    sandbox = "True" if facts.has_sandbox and not facts.is_over else "False"
    wanted: list[tuple[str, str, Object]] = [
        ("PodReadyToStartContainers", sandbox, {}),
        ("Initialized", "True" if is_initialized else "False", completed),
        ("Ready", ready, not_ready),
        ("ContainersReady", ready, not_ready),
        ("PodScheduled", "True", {}),
    ]
    if facts.disruption:
        why = {"reason": facts.disruption, "message": facts.disruption_message}
        wanted.insert(0, ("DisruptionTarget", "True", why))
    generation = pod["metadata"].get("generation", 1)
    return [_condition(previous, *item, generation=generation) for item in wanted]


def _init_done(state: State) -> bool:
    return isinstance(state, Running) or (isinstance(state, Terminated) and not state.exit_code)


def _not_ready(states: list[State], unready: list[str]) -> Object:
    if not unready:
        return {}
    if all(isinstance(state, Terminated) for state in states):
        failed = any(isinstance(state, Terminated) and state.exit_code for state in states)
        return {"reason": "PodFailed" if failed else "PodCompleted"}
    return {"reason": "ContainersNotReady", "message": _UNREADY.format(" ".join(unready))}


def _condition(
    status: Object, kind: str, value: str, why: Object | None = None, *, generation: int = 0
) -> Object:
    """Make one condition; its time changes only when its value does."""
    since = now_text()
    for old in status.get("conditions", ()):
        if old["type"] == kind and old["status"] == value:
            since = old["lastTransitionTime"]
    made: Object = {"type": kind}
    if generation:
        made["observedGeneration"] = generation
    made |= {"status": value, "lastProbeTime": None, "lastTransitionTime": since}
    return made | (why or {})


def container_status(container: Object, state: State) -> Object:
    is_running = isinstance(state, Running)
    image: str = container["image"]
    status: Object = {
        "name": container["name"],
        "state": _shown(state),
        "lastState": {},
        "ready": is_running,
        "restartCount": 0,
        "image": image,
        "imageID": "",
    }
    if not isinstance(state, Waiting):
        status["imageID"] = "sha256:" + sha256(image.encode()).hexdigest()
        if state.container_id:
            status["containerID"] = state.container_id
    status["started"] = is_running
    if not isinstance(state, Waiting):
        status["resources"] = {}
    return status


def _shown(state: State) -> Object:
    if isinstance(state, Waiting):
        text = {"message": state.message} if state.message else {}
        return {"waiting": {"reason": state.reason} | text}
    if isinstance(state, Running):
        return {"running": {"startedAt": state.started_at}}
    shown: Object = {"exitCode": state.exit_code, "reason": state.reason}
    if state.message:
        shown["message"] = state.message
    shown |= {"startedAt": state.started_at, "finishedAt": state.finished_at}
    if state.container_id:
        shown["containerID"] = state.container_id
    return {"terminated": shown}
