"""Why a pod does not start, or has ended, where only its Warning events say so: volumes, sandboxes,
hooks.

The sentences are the kubelet's and the container runtimes' (Kubernetes 1.34, containerd, CRI-O).
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from podlane.core.job.outcome import FailureReason as Reason
from podlane.core.pod.finding import Finding, Warned
from podlane.core.pod.state import PodState

_OBJECT = r'\b(?:secret|configmap|persistentvolumeclaim)s? "[^"]+" not found'
_MISSING = re.compile(rf"{_OBJECT}|references non-existent \w+ key", re.I)
_CLAIM = re.compile(r'\bpersistentvolumeclaim "[^"]+" not found', re.I)
_NO_HANDLER = re.compile(r"\bno runtime for \"|failed to find runtime handler", re.I)
_NO_USERS = re.compile(r"user namespaces?\b.*\b(?:not|n't|un)|(?:not|n't) support user name", re.I)
_MOUNTS = {"FailedMount", "FailedAttachVolume", "FailedMapVolume"}
_NO_CAUSE = {"MissingClusterDNS", "DNSConfigForming", "BackOff", "Unhealthy"}
_SAYS_NOTHING = ("", "ContainerCreating", "PodInitializing")
_SANDBOX = "FailedCreatePodSandBox"
_OF_SANDBOXES = (
    (
        _NO_HANDLER,
        "the nodes' container runtime does not know the handler of the RuntimeClass that "
        "`runtime_class_name` in [runners.kubernetes] names: name another, or send the jobs by "
        "`node_selector` to nodes that know it",
    ),
    (
        _NO_USERS,
        "`hostUsers: false`, from a `pod_spec` patch in [runners.kubernetes], needs nodes whose "
        "kernel and container runtime know user namespaces",
    ),
)
_NODES_OWN = (
    "this comes from the node (its network plugin or container runtime), not from the job: "
    "`retry: when: runner_system_failure` runs such jobs again, and the cluster's administrators "
    "find more in the node's own log"
)
_VOLUMES_OWN = (
    "the volume is one of [runners.kubernetes.volumes]: the sentence says what its node could not "
    "do; a larger `poll_timeout` gives a slow one more time"
)


def of_warnings(warned: Iterable[Warned]) -> Finding | None:
    """Why a pod did not start, or a container of it went, the clearest cause first."""
    said = [one for one in warned if one.reason not in _NO_CAUSE]
    found = next((_certain(one) for one in said if _certain(one) is not None), None)
    if found is not None or not said:
        return found
    hint = _NODES_OWN if said[0].reason == _SANDBOX else ""
    hint = _VOLUMES_OWN if said[0].reason in _MOUNTS else hint
    what = f"The cluster says of the pod: {said[0].message[:600]}"
    return Finding(Reason.RUNNER_SYSTEM_FAILURE, (what, *([f"hint: {hint}"] if hint else ())))


def lasting(warned: Iterable[Warned], pod: PodState, seconds: float) -> Finding | None:
    """What no waiting mends, if it has been said for so long.

    The kubelet tries to mount after 0.5, 1, 2, 4, 8 … seconds: what is made before it has said it
    for ten has had more than ten to come. The job's own Secrets are nobody's to make.
    """
    old = (one for one in warned if one.seconds >= seconds and not _is_of_own(one, pod))
    return next((_certain(one) for one in old if _certain(one) is not None), None)


def _is_of_own(one: Warned, pod: PodState) -> bool:
    return bool(pod.record) and f'"{pod.record}' in one.message


def of_claim(pod: PodState) -> Finding | None:
    """A claim that is not there keeps a pod from every node; one that is not bound yet may be."""
    return _missing(pod.unschedulable) if _CLAIM.search(pod.unschedulable) else None


def may_lack(pod: PodState) -> bool:
    """Whether a node has the pod, and its status does not say why nothing of it runs."""
    waits = all(
        one.phase == "unknown" or (one.phase == "waiting" and one.reason in _SAYS_NOTHING)
        for one in pod.containers
    )
    return bool(pod.node) and waits and not pod.is_deleting and pod.phase in ("", "Pending")


def _certain(one: Warned) -> Finding | None:
    """What one event says for certain."""
    if one.reason in _MOUNTS and _MISSING.search(one.message):
        return _missing(one.message)
    if one.reason == "FailedPostStartHook":
        return Finding(
            Reason.RUNNER_CONFIGURATION_ERROR,
            (
                "The `post_start` hook of the build container failed, and the node ended the "
                f"container for it: {one.message[:600]}",
                "hint: mend `post_start` in [runners.kubernetes.container_lifecycle]; its command "
                "runs in the job's image, which must have it",
            ),
        )
    for sign, hint in _OF_SANDBOXES if one.reason == _SANDBOX else ():
        if sign.search(one.message):
            what = f"The node cannot make the pod's sandbox: {one.message[:600]}"
            return Finding(Reason.RUNNER_CONFIGURATION_ERROR, (what, f"hint: {hint}"))
    return None


def _missing(sentence: str) -> Finding:
    return Finding(
        Reason.RUNNER_CONFIGURATION_ERROR,
        (
            f"The pod waits for an object that is not there: {sentence[:600]}",
            "hint: make the object in the namespace of the jobs, or mend its name under "
            "[runners.kubernetes.volumes]",
        ),
    )
