"""How images are pulled: each container's list of policies, of which a failed pull takes the next.

What has failed so far goes from attempt to attempt in an annotation of the pod, for nothing of a
job is kept elsewhere.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from podlane.core.pod import names

PULL_POLICIES = "podlane.dev/pull-policies"
PULLS_FAILED = "podlane.dev/pulls-failed"
Policies = Mapping[str, Sequence[str]]
"""Kubernetes' words for each container, in the order in which they are tried."""
Failed = Mapping[str, int]
"""How many of its policies have failed for a container."""


def written(policies: Policies) -> dict[str, str]:
    """The annotation by which a later attempt finds its policies; only if there is a choice."""
    if all(len(words) < 2 for words in policies.values()):
        return {}
    return {PULL_POLICIES: msgspec.json.encode(policies).decode()}


def nth(policies: Sequence[str], number: int) -> str:
    return policies[max(0, min(number, len(policies) - 1))] if policies else ""


def attempt_of(
    pod: dict[str, Any], record: str, attempt: int, failed: Failed | None = None
) -> dict[str, Any]:
    """Return the manifest of the first attempt as that of a later one."""
    metadata, spec, failed = pod["metadata"], pod["spec"], failed or {}
    labels = metadata["labels"] | {names.ATTEMPT: str(attempt)}
    noted = {PULLS_FAILED: msgspec.json.encode(failed).decode()} if failed else {}
    policies = read(metadata.get("annotations", {}))
    containers = [
        container | {"imagePullPolicy": nth(words, failed.get(container["name"], 0))}
        if (words := policies.get(container["name"]))
        else container
        for container in spec["containers"]
    ]
    annotations = {**metadata.get("annotations", {}), **noted}
    return pod | {
        "metadata": metadata
        | {"name": names.pod_name(record, attempt), "labels": labels, "annotations": annotations},
        "spec": spec | {"containers": containers},
    }


def read(annotations: Mapping[str, str]) -> dict[str, list[str]]:
    """Read what `written` wrote; nothing when there is no choice."""
    try:
        return msgspec.json.decode(annotations.get(PULL_POLICIES, "{}"), type=dict[str, list[str]])
    except msgspec.MsgspecError:
        return {}


def read_failed(annotations: Mapping[str, str]) -> dict[str, int]:
    try:
        return msgspec.json.decode(annotations.get(PULLS_FAILED, "{}"), type=dict[str, int])
    except msgspec.MsgspecError:
        return {}
