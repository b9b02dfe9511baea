"""Values of the config that mean nothing and fail no job: they are left out, and the log says so.

gitlab-runner lets such jobs run, so ours run too.
"""

from __future__ import annotations

from podlane.core.config.kubernetes import KubernetesConfig
from podlane.core.plan.model import Note
from podlane.core.text.quantity import parse_quantity

_PROC_MOUNTS = {"default": "Default", "unmasked": "Unmasked"}
_CONTAINERS = ("build", "helper", "service")


def proc_mount(word: str) -> str:
    """Kubernetes' word for how /proc is mounted; "" where it is none."""
    return _PROC_MOUNTS.get(word.strip().lower(), "")


def size_limit(text: str) -> str:
    """The size of an emptyDir; "" where it is no quantity."""
    try:
        return text if parse_quantity(text) > 0 else ""
    except ValueError:
        return ""


def complaints(kubernetes: KubernetesConfig) -> tuple[Note, ...]:
    found = [
        f"the volume {one.name!r}: `size_limit` is no quantity: {one.size_limit[:60]!r}"
        for one in kubernetes.volumes.empty_dir
        if one.size_limit.strip() and not size_limit(one.size_limit)
    ]
    for name in _CONTAINERS:
        key = f"{name}_container_security_context"
        word = getattr(kubernetes, key).proc_mount
        if word.strip() and not proc_mount(word):
            found.append(f"`{key}.proc_mount` is neither default nor unmasked: {word[:60]!r}")
    return tuple(Note(f"Left out of the runner's settings: {text}", "warning") for text in found)
