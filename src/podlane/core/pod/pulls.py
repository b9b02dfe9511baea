"""How images are pulled: the list of policies, of which each further attempt takes the next."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from podlane.core.pod import names

PULL_POLICIES = "podlane.dev/pull-policies"
Policies = Mapping[str, Sequence[str]]
"""Kubernetes' words for each container, in the order in which they are tried."""


def written(policies: Policies) -> dict[str, str]:
    """The annotation by which a later attempt finds its policies; only if there is a choice."""
    if all(len(words) < 2 for words in policies.values()):
        return {}
    return {PULL_POLICIES: msgspec.json.encode(policies).decode()}


def nth(policies: Sequence[str], attempt: int) -> str:
    return policies[min(attempt, len(policies) - 1)] if policies else ""


def attempt_of(pod: dict[str, Any], record: str, attempt: int) -> dict[str, Any]:
    """Return the manifest of the first attempt as that of a later one."""
    metadata, spec = pod["metadata"], pod["spec"]
    policies = read(metadata.get("annotations", {}))
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


def read(annotations: Mapping[str, str]) -> dict[str, list[str]]:
    """Read what `written` wrote; nothing when there is no choice."""
    try:
        return msgspec.json.decode(annotations.get(PULL_POLICIES, "{}"), type=dict[str, list[str]])
    except msgspec.MsgspecError:
        return {}
