"""What a pod's status says went wrong, in GitLab's reason and in sentences for the job's author.

Each function reads a PodState and returns a Finding or None. The facts are Kubernetes 1.34's and
containerd's, measured on a one-node cluster; the reasons are GitLab's closed list.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from podlane.core.job.outcome import FailureReason as Reason
from podlane.core.job.outcome import Outcome
from podlane.core.job.tell import ServiceEnd
from podlane.core.job.word import OTHER_VERSION, LastWord
from podlane.core.pod import refusals, storage
from podlane.core.pod.finding import Finding
from podlane.core.pod.pull_evidence import of_pull
from podlane.core.pod.state import ContainerState, PodState
from podlane.core.text.duration import format_duration
from podlane.core.text.quantity import parse_bytes
from podlane.core.trace.memory import Shortage, sentences
from podlane.core.trace.usage import Used

LATE = "prepare timeout: "
_NEVER_STARTED = re.compile(r"^(OutOf\w+|NodeAffinity|NodeShutdown|UnexpectedAdmissionError)$")
_NO_ROOM = re.compile(
    r"\bInsufficient \S|\bToo many pods|\bexceed max volume count|\bdidn't have free ports", re.I
)
_ASK_THE_SENTENCE = (
    "this comes from [runners.kubernetes] or from the image; the sentence names the object or "
    "setting"
)
_GRACE_REASONS = {"CreateContainerConfigError", "CreateContainerError", "RunContainerError"}


def is_never_started(pod: PodState) -> bool:
    """Tell whether the node refused the pod before any container ran: it may be made again."""
    return bool(_NEVER_STARTED.match(pod.reason)) and not pod.has_begun


def of_pod(pod: PodState) -> Finding | None:
    """What befell the pod as a whole: deadline, eviction, preemption, drain."""
    if pod.reason == "DeadlineExceeded":
        return Finding(
            Reason.JOB_EXECUTION_TIMEOUT,
            (
                "The pod outlived the job's time-out, and Kubernetes stopped it.",
                "hint: raise the job's `timeout`, or the project's",
            ),
        )
    if pod.disruption or pod.reason in ("Evicted", "Preempting", "Terminated", "NodeLost"):
        what = pod.disruption or f"{pod.reason}: {pod.message}"
        return Finding(
            Reason.RUNNER_SYSTEM_FAILURE,
            (
                f"Kubernetes took the pod away from node {pod.node or '(none)'}: {what}",
                f"hint: {storage.hint(pod.message)}",
            ),
        )
    if pod.phase == "Failed" and not any(c.phase == "terminated" for c in pod.containers):
        hint = refusals.of_kubelet(pod.message)
        return Finding(
            Reason.RUNNER_CONFIGURATION_ERROR if hint else Reason.RUNNER_SYSTEM_FAILURE,
            (
                f"Kubernetes gave the pod up before it ran: {pod.reason}: {pod.message}",
                *([f"hint: {hint}"] if hint else ()),
            ),
        )
    return None


def beside(outcome: Outcome, pod: PodState) -> tuple[str, ...]:
    """What an evicted pod's helper could not know when it decided: why it was told to end."""
    finding = of_pod(pod) if pod.reason == "Evicted" else None
    is_its_cause = outcome.failure_reason is Reason.RUNNER_SYSTEM_FAILURE
    return finding.lines if finding is not None and is_its_cause else ()


def of_build(pod: PodState) -> Finding | None:
    """What befell the build container, or kept a container from starting, beside the helper."""
    build, waiting = pod.container("build"), of_waiting(pod)
    if build.phase != "terminated" or (waiting is not None and not build.exit_code):
        return waiting
    if pod.told.defer and not build.exit_code:
        return None  # its loop ended because the helper left, as it had been told
    if build.reason == "OOMKilled" and build.exit_code:  # 0: a child was killed, and all was well
        return _out_of_memory(Reason.SCRIPT_FAILURE, build, pod.word)
    has_said_hello = pod.word is not None and pod.word.outcome is None
    if build.has_args and not has_said_hello:
        return _entrypoint(build)
    if build.reason in ("StartError", "ContainerCannotRun") or build.exit_code in (126, 127, 128):
        return _no_shell(build)
    return _ended(pod)


def _ended(pod: PodState) -> Finding:
    """The build container has run, and has ended: an entrypoint that was kept, say, by TERM."""
    if pod.is_deleting:
        return vanished(pod)
    return Finding(
        Reason.RUNNER_SYSTEM_FAILURE,
        (
            f"The build container ended by itself: {_end(pod.container('build'))}",
            "hint: did a script kill process 1 of its container, or was the container stopped "
            "from outside",
        ),
        is_unexplained=pod.container("build").has_hook,
    )


def of_helper(pod: PodState) -> Finding:
    """The helper has terminated without a word of its own."""
    helper = pod.container("helper")
    if helper.reason == "OOMKilled":
        return _out_of_memory(Reason.RUNNER_SYSTEM_FAILURE, helper, pod.word)
    if helper.exit_code == OTHER_VERSION:
        return _helper_image(helper, f"is of another version of podlane: {helper.message.strip()}")
    if helper.reason in ("StartError", "ContainerCannotRun") or helper.exit_code in (126, 127):
        return _helper_image(helper, f"is not podlane's: {_end(helper)}")
    finding = vanished(pod) if pod.is_deleting else of_pod(pod)
    return finding or Finding(
        Reason.RUNNER_SYSTEM_FAILURE,
        (f"The helper container ended without a report: {_end(helper)}",),
        is_unexplained=pod.container("build").has_hook,
    )


def _helper_image(helper: ContainerState, what: str) -> Finding:
    return Finding(
        Reason.RUNNER_CONFIGURATION_ERROR,
        (
            f"The helper image {helper.image} {what}",
            "hint: leave `helper_image` out of [runners.kubernetes], or name podlane's image, of "
            "the manager's version",
        ),
    )


def taken(pod: PodState) -> str:
    """By whom a pod is being taken away that still runs."""
    return f"Kubernetes takes the pod away from node {pod.node or '(none)'}: {pod.disruption}"


def vanished(pod: PodState) -> Finding:
    """The pod was deleted and its helper did not bring the job to an end."""
    return of_pod(pod) or Finding(
        Reason.RUNNER_SYSTEM_FAILURE,
        (
            f"The pod {pod.namespace}/{pod.name} was deleted before the job had ended.",
            "hint: `retry: when: runner_system_failure` runs such jobs again",
        ),
    )


def unschedulable(pod: PodState, seconds: float) -> Finding:
    return Finding(
        Reason.RUNNER_SYSTEM_FAILURE,
        (
            f"No node took the pod within {seconds:.0f} s: {pod.unschedulable}",
            "hint: ask for less (`cpu_request`, `memory_request`, `node_selector`), add nodes, "
            "or raise `poll_timeout`",
        ),
    )


def lacks_room(unschedulable: str) -> bool:
    """Whether the scheduler's sentence names something that other pods' ends, or a new node, give:
    not only nodes that the pod does not want, or that do not want the pod."""
    return _NO_ROOM.search(unschedulable) is not None


def late(pod: PodState, seconds: float, waits_for: str) -> Finding:
    """All that comes before the scripts took longer than the config allows."""
    why = f": {waits_for}" if waits_for else ""
    return Finding(
        Reason.JOB_EXECUTION_TIMEOUT,
        (
            f"{LATE}the pod was not ready within {format_duration(seconds)}{why}",
            "hint: `prepare_timeout` of the runner is how long podlane waits in all",
        ),
    )


def silent(pod: PodState, seconds: float) -> Finding:
    where = f"on node {pod.node}" if pod.node else "on no node"
    return Finding(
        Reason.RUNNER_SYSTEM_FAILURE,
        (
            f"The pod {pod.namespace}/{pod.name} did not start within {seconds:.0f} s ({where}).",
            f"hint: `kubectl -n {pod.namespace} describe pod` of such a pod shows its events; "
            "`poll_timeout` is how long podlane waits",
        ),
        is_unexplained=True,
    )


def of_waiting(pod: PodState) -> Finding | None:
    """Why a container of the pod cannot start, if the kubelet says so."""
    return next(waiting_for(pod), None)


def waiting_for(pod: PodState) -> Iterator[Finding]:
    """The same of each container, in their order."""
    for container in pod.containers:
        finding = _of_container(container, pod) if container.phase == "waiting" else None
        if finding is not None:
            yield finding


def _of_container(container: ContainerState, pod: PodState) -> Finding | None:
    if finding := of_pull(container, pod):
        return finding
    if container.reason in _GRACE_REASONS:
        hint = refusals.of_kubelet(container.message, container.name)
        return Finding(
            Reason.RUNNER_CONFIGURATION_ERROR,
            (
                f"The container {container.name} ({container.image}) cannot be made: "
                f"{container.reason}: {container.message}",
                f"hint: {hint or _ASK_THE_SENTENCE}",
            ),
            is_grace=True,
        )
    return None


def _out_of_memory(reason: Reason, container: ContainerState, word: LastWord | None) -> Finding:
    """The peak is the limit: else the kernel would not have killed. `word` tells the stage."""
    limit = parse_bytes(container.memory_limit)
    where = f" in stage {word.stage}" if word is not None and word.stage else ""
    used = Used(limit=limit, peak=limit)
    return Finding(
        reason,
        sentences(Shortage(container.name, "ended", where, used)),
        exit_code=137 if reason is Reason.SCRIPT_FAILURE else 0,
    )


def ended_services(pod: PodState) -> tuple[ServiceEnd, ...]:
    """The services that have ended; whatever else was put into the pod counts as one."""
    return tuple(
        ServiceEnd(one.name, one.exit_code, one.reason, one.message.strip(), one.memory_limit)
        for one in pod.containers
        if one.phase == "terminated" and one.name not in ("helper", "build")
    )


def _entrypoint(build: ContainerState) -> Finding:
    """An entrypoint was kept, and our loop never came to say hello."""
    return Finding(
        Reason.RUNNER_CONFIGURATION_ERROR,
        (
            f"The entrypoint of the image {build.image} ended before it had started the shell for "
            f"the script: {_end(build)}",
            'hint: an entrypoint that is kept must end in `exec "$@"`, and the image must have '
            '`sh`; write `entrypoint: [""]` under `image:`, or leave '
            "FF_KUBERNETES_HONOR_ENTRYPOINT off",
        ),
    )


def _no_shell(build: ContainerState) -> Finding:
    return Finding(
        Reason.RUNNER_CONFIGURATION_ERROR,
        (
            f"The image {build.image} has no shell that podlane could run the script with: "
            f"{_end(build)}",
            "hint: the image of a job needs `sh` on its PATH",
        ),
    )


def _end(container: ContainerState) -> str:
    message = f": {container.message.strip()}" if container.message.strip() else ""
    return f"exit code {container.exit_code}, {container.reason or 'no reason'}{message}"[:600]
