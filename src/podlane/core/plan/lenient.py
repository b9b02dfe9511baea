"""Values of the config that mean nothing and fail no job: they are left out, and the log says so.

gitlab-runner lets such jobs run, so ours run too.
"""

from __future__ import annotations

from podlane.core.config.contexts import left_out
from podlane.core.config.kubernetes import KubernetesConfig
from podlane.core.plan.model import Note
from podlane.core.text.quantity import parse_quantity

_DNS_POLICIES = {
    "none": "None",
    "default": "Default",
    "cluster-first": "ClusterFirst",
    "cluster-first-with-host-net": "ClusterFirstWithHostNet",
}


def size_limit(text: str) -> str:
    """The size of an emptyDir; "" where it is no quantity."""
    try:
        return text if parse_quantity(text) > 0 else ""
    except ValueError:
        return ""


def dns_policy(word: str) -> str:
    """Kubernetes' word for whose DNS a pod asks; "" is its default, ClusterFirst."""
    return _DNS_POLICIES.get(word.strip().lower(), "")


def complaints(kubernetes: KubernetesConfig) -> tuple[Note, ...]:
    found = [
        f"the volume {one.name!r}: `size_limit` is no quantity: {one.size_limit[:60]!r}"
        for one in kubernetes.volumes.empty_dir
        if one.size_limit.strip() and not size_limit(one.size_limit)
    ]
    found += [f"`{key}` {what}" for key, what in left_out(kubernetes)]
    word = kubernetes.dns_policy
    if word.strip() and not dns_policy(word):
        known = ", ".join(_DNS_POLICIES)
        found.append(f"`dns_policy` is none of {known}, so cluster-first holds: {word[:60]!r}")
    return tuple(Note(f"Left out of the runner's settings: {text}", "warning") for text in found)
