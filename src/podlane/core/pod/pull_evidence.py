"""Why an image does not come: whose fault it is, and with which credentials it was tried.

The sentences of registries are containerd's, those of pull secrets the kubelet's.
"""

from __future__ import annotations

import re

import msgspec

from podlane.core.job.outcome import FailureReason as Reason
from podlane.core.pod.finding import Finding, Warned
from podlane.core.pod.pull_credentials import sentence
from podlane.core.pod.state import ContainerState, PodState

_NOT_THERE = re.compile(
    r"not found|manifest unknown|does not exist|no match for platform|invalid reference", re.I
)
_NOT_ALLOWED = re.compile(
    r"unauthorized|authorization failed|access denied|pull access|forbidden|no basic auth", re.I
)
_NETWORK = re.compile(
    r"dial tcp|connection refused|no such host|i/o timeout|tls handshake|deadline exceeded"
    r"|connection reset|temporary failure|x509: |50\d (?:service|bad|internal|gateway)",
    re.I,
)
_BACK_OFF = re.compile(r'^Back-off pulling image "[^"]*": ErrImagePull: ')
_REASONS = {"ErrImagePull", "ImagePullBackOff", "RegistryUnavailable"}
_ABOUT_NAMES = {
    "InvalidImageName": "is no valid name",
    "ErrImageNeverPull": "is not on the node, and the pull policy is never",
}


def of_pull(container: ContainerState, pod: PodState) -> Finding | None:
    """Why the image of a waiting container has not come; None where it waits for something else."""
    if container.reason in _ABOUT_NAMES:
        what = _ABOUT_NAMES[container.reason]
        return _pull(container, Reason.RUNNER_CONFIGURATION_ERROR, what, final=True)
    if container.reason not in _REASONS:
        return None
    text = container.message.replace(container.image, "")  # whose name may hold any word
    if _NOT_ALLOWED.search(text):
        return _not_allowed(container, pod)
    if _NETWORK.search(text):
        what = "could not be pulled: the registry did not answer as it should"
        return _pull(container, Reason.RUNNER_EXTERNAL_DEPENDENCY_FAILURE, what)
    if _NOT_THERE.search(text):
        return _pull(container, Reason.RUNNER_CONFIGURATION_ERROR, "was not found", final=True)
    return _pull(container, Reason.IMAGE_PULL_FAILURE, "could not be pulled")


def _not_allowed(container: ContainerState, pod: PodState) -> Finding:
    """The registry refused; some say the same of an image that is not there."""
    what = "may not be pulled with the credentials at hand"
    finding = _pull(container, Reason.RUNNER_CONFIGURATION_ERROR, what, final=True)
    tried = sentence(container.image, pod.credentials, pod.record, pod.pull_secrets)
    hint = (
        "hint: check the image's name, and that user and password may read it: of an image that is "
        "not there, registries often say the same. Credentials come from `DOCKER_AUTH_CONFIG`, "
        "from GitLab for its own registry, and from `image_pull_secrets` in [runners.kubernetes]"
    )
    lines = (finding.lines[0], tried, hint)
    return msgspec.structs.replace(finding, lines=lines, is_refused=True)


def _pull(container: ContainerState, reason: Reason, what: str, *, final: bool = False) -> Finding:
    message = _BACK_OFF.sub("", container.message.strip()) or container.reason
    hint = "hint: check the image's name and tag"
    if reason is Reason.RUNNER_EXTERNAL_DEPENDENCY_FAILURE:
        hint = "hint: check that the nodes reach the registry; `retry` runs such jobs again"
    return Finding(
        reason,
        (f"The image {container.image} of container {container.name} {what}: {message}", hint),
        is_final=final,
        pull_of=container.name,
    )


def missing_secrets(warned: tuple[Warned, ...]) -> str:
    """The kubelet's sentence on pull secrets that are not there; "" where it has none."""
    found = (one.message for one in warned if one.reason == "FailedToRetrieveImagePullSecret")
    return next(found, "")
