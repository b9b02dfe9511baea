"""The PodDisruptionBudget of a job's pod: a drain waits for the job, as long as it has patience."""

from __future__ import annotations

from typing import Any

from podlane.core.pod import names

Manifest = dict[str, Any]
_WHICH = (names.MANAGED_BY, names.INSTALLATION, names.RUNNER, names.JOB_ID, names.ATTEMPT)


def budget(pod: Manifest) -> Manifest:
    """The budget that covers `pod` alone. Whoever makes it, after the pod, has the pod own it."""
    metadata = pod["metadata"]
    labels = metadata["labels"]
    which = {key: labels[key] for key in _WHICH}
    return {
        "apiVersion": "policy/v1",
        "kind": "PodDisruptionBudget",
        "metadata": {"name": f"{metadata['name']}-pdb", "labels": labels},
        "spec": {"minAvailable": 1, "selector": {"matchLabels": which}},
    }
