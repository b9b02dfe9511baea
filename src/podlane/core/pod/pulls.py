"""How images are pulled: the list of policies, of which each further attempt takes the next."""

from __future__ import annotations

from typing import Any

import msgspec

from podlane.core.config.model import KubernetesConfig
from podlane.core.pod import names
from podlane.errors import JobRefused

PULL_POLICIES = "podlane.dev/pull-policies"
_WORDS = {"always": "Always", "if-not-present": "IfNotPresent", "never": "Never"}


def pull_policies(kubernetes: KubernetesConfig, asked: tuple[str, ...], what: str) -> list[str]:
    """Return the policies of one image in Kubernetes' words; [] leaves it to the cluster.

    A job may only ask for what the runner's own list holds. JobRefused otherwise.
    """
    configured = kubernetes.pull_policy
    for word in (*configured, *asked):
        if word not in _WORDS:
            raise _refused(f"There is no pull policy {word[:60]!r} ({what})")
    allowed = [word for word in asked if word in configured]
    if asked and not allowed:
        have = ", ".join(configured) or "none but the cluster's default"
        raise _refused(
            f"The job asks for pull policy {', '.join(asked)} ({what}), the runner allows {have}"
        )
    return [_WORDS[word] for word in (allowed or configured)]


def written(policies: dict[str, list[str]]) -> dict[str, str]:
    """The annotation by which a later attempt finds its policies; only if there is a choice."""
    if all(len(words) < 2 for words in policies.values()):
        return {}
    return {PULL_POLICIES: msgspec.json.encode(policies).decode()}


def nth(policies: list[str], attempt: int) -> str:
    return policies[min(attempt, len(policies) - 1)] if policies else ""


def attempts(pod: dict[str, Any]) -> int:
    """How many attempts a pod manifest has in it: one, or one for each pull policy."""
    return max((len(words) for words in _read(pod).values()), default=1)


def attempt_of(pod: dict[str, Any], record: str, attempt: int) -> dict[str, Any]:
    """Return the manifest of the first attempt as that of a later one."""
    metadata, spec, policies = pod["metadata"], pod["spec"], _read(pod)
    labels = metadata["labels"] | {names.ATTEMPT: str(attempt)}
    containers = [
        container | {"imagePullPolicy": nth(words, attempt)}
        if (words := policies.get(container["name"]))
        else container
        for container in spec["containers"]
    ]
    return pod | {
        "metadata": metadata | {"name": names.pod_name(record, attempt), "labels": labels},
        "spec": spec | {"containers": containers},
    }


def _read(pod: dict[str, Any]) -> dict[str, list[str]]:
    text = pod["metadata"].get("annotations", {}).get(PULL_POLICIES, "{}")
    return msgspec.json.decode(text, type=dict[str, list[str]])


def _refused(message: str) -> JobRefused:
    return JobRefused(
        message,
        hint="policies are always, if-not-present and never; "
        "the runner's are in `pull_policy` of [runners.kubernetes]",
        reference="pull-policy",
    )
