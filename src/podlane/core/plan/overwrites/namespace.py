"""The namespace of a job: the runner's, one that the job asks for, or one of its own."""

from __future__ import annotations

import re

from podlane.core.config.kubernetes import KubernetesConfig
from podlane.core.job.variables import Reader
from podlane.core.plan.overwrites import gate
from podlane.errors import JobRefused

_LABEL = re.compile(r"[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?")
VARIABLE = "KUBERNETES_NAMESPACE_OVERWRITE"


def namespace_of(job_id: int, kubernetes: KubernetesConfig, reader: Reader) -> str:
    if kubernetes.namespace_per_job:
        return f"ci-job-{job_id}"
    return asked(kubernetes, reader) or kubernetes.namespace or "default"


def asked(kubernetes: KubernetesConfig, reader: Reader) -> str:
    """The namespace that the job asks for and gets; "" when it has none of its own."""
    if kubernetes.namespace_per_job:
        return ""
    found = gate.name("namespace", kubernetes, reader)
    if found and not _LABEL.fullmatch(found):
        raise JobRefused(
            f"The job asks for the namespace {found[:64]!r} ({VARIABLE}), which is no name of a "
            "namespace: lower-case letters, digits and `-`, at most 63",
            hint=f"mend {VARIABLE}",
            reference="overwrite",
        )
    return found
