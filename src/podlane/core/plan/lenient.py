"""Values of the config that mean nothing and fail no job: they are left out, and the log says so.

gitlab-runner lets such jobs run, so ours run too.
"""

from __future__ import annotations

from collections.abc import Iterator

from podlane.core.config.contexts import CONTAINERS, context_of, table_of
from podlane.core.config.kubernetes import KubernetesConfig
from podlane.core.config.security import ContainerSecurityContext, Profile, SecurityContext
from podlane.core.plan.model import Note
from podlane.core.text.quantity import parse_quantity

_PROC_MOUNTS = {"default": "Default", "unmasked": "Unmasked"}
_PROFILES = {word.lower(): word for word in ("RuntimeDefault", "Unconfined", "Localhost")}
_DNS_POLICIES = {
    "none": "None",
    "default": "Default",
    "cluster-first": "ClusterFirst",
    "cluster-first-with-host-net": "ClusterFirstWithHostNet",
}


def proc_mount(word: str) -> str:
    """Kubernetes' word for how /proc is mounted; "" where it is none."""
    return _PROC_MOUNTS.get(word.strip().lower(), "")


def profile_type(asked: Profile) -> str:
    """Kubernetes' word for a profile's type; "" where there is none, or it lacks its profile."""
    found = _PROFILES.get(asked.type.strip().lower(), "")
    return "" if found == "Localhost" and not asked.localhost_profile.strip() else found


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
    found += _of_profiles("pod_security_context", kubernetes.pod_security_context)
    for name in CONTAINERS:
        own = context_of(name, kubernetes)
        found += _of_profiles(table_of(name), own)
        if own.proc_mount.strip() and not proc_mount(own.proc_mount):
            key = f"{table_of(name)}.proc_mount"
            found.append(f"`{key}` is neither default nor unmasked: {own.proc_mount[:60]!r}")
    word = kubernetes.dns_policy
    if word.strip() and not dns_policy(word):
        known = ", ".join(_DNS_POLICIES)
        found.append(f"`dns_policy` is none of {known}, so cluster-first holds: {word[:60]!r}")
    return tuple(Note(f"Left out of the runner's settings: {text}", "warning") for text in found)


def _of_profiles(table: str, own: SecurityContext | ContainerSecurityContext) -> Iterator[str]:
    for key in ("seccomp_profile", "app_armor_profile"):
        asked: Profile = getattr(own, key)
        if asked == Profile() or profile_type(asked):
            continue
        if asked.type.strip().lower() == "localhost":
            yield f"`{table}.{key}` is of type Localhost and has no `localhost_profile`"
        else:
            words = ", ".join(_PROFILES.values())
            yield f"`{table}.{key}.type` is none of {words}: {asked.type[:60]!r}"
