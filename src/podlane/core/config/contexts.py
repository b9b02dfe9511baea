"""The security contexts of all containers, read together with what is said for all of them."""

from __future__ import annotations

from collections.abc import Iterator

from podlane.core.config.kubernetes import KubernetesConfig
from podlane.core.config.notes import ConfigNote
from podlane.core.config.place import Found, Place
from podlane.core.config.security import (
    PROC_MOUNTS,
    PROFILES,
    ContainerSecurityContext,
    Profile,
    SecurityContext,
    either,
    proc_mount,
    profile_type,
)

CONTAINERS = ("build", "helper", "service")
_IN_EVERY_POD = ("build", "helper")  # what is wrong with a service hits only jobs that have some


def table_of(container: str) -> str:
    return f"{container}_container_security_context"


def context_of(container: str, kubernetes: KubernetesConfig) -> ContainerSecurityContext:
    found: ContainerSecurityContext = getattr(kubernetes, table_of(container))
    return found


def faults(kubernetes: KubernetesConfig) -> Iterator[tuple[str, str, str]]:
    """What no pod can be made of; each is named at the key that decides, which may be one for all
    containers."""
    found = [one for name in _IN_EVERY_POD for one in _contradictions(name, kubernetes)]
    yield from dict.fromkeys(found)


def _contradictions(name: str, kubernetes: KubernetesConfig) -> Iterator[tuple[str, str, str]]:
    own, pod, table = context_of(name, kubernetes), kubernetes.pod_security_context, table_of(name)
    escalates = either(own.allow_privilege_escalation, kubernetes.allow_privilege_escalation)
    if either(own.privileged, kubernetes.privileged) and escalates is False:
        key = "allow_privilege_escalation"
        yield (
            key if own.allow_privilege_escalation is None else f"{table}.{key}",
            "is false where `privileged` is true, and Kubernetes takes no such container",
            "leave one of the two out",
        )
    uid = either(own.run_as_user, pod.run_as_user)
    if uid == 0 and either(own.run_as_non_root, pod.run_as_non_root):
        place = "pod_security_context" if own.run_as_user is None else table
        yield (
            f"{place}.run_as_user",
            "is 0, which is root, where `run_as_non_root` is true: no node starts such a container",
            "change one of the two",
        )


def remarks(kubernetes: KubernetesConfig, place: Place) -> list[Found]:
    """Say at load what each job's log will say; `place`: the table `kubernetes` of its runner."""
    found = []
    for key, what in left_out(kubernetes):
        shown = place.key(key)
        note = ConfigNote("careful", shown, f"`{shown}` {what}; it is left out")
        found.append(Found(note, (*place.path, *key.split("."))))
    return found


def left_out(kubernetes: KubernetesConfig) -> Iterator[tuple[str, str]]:
    """Words that mean nothing and fail no job, as with gitlab-runner: key and what is wrong."""
    yield from _no_profiles("pod_security_context", kubernetes.pod_security_context)
    for name in CONTAINERS:
        own, table = context_of(name, kubernetes), table_of(name)
        yield from _no_profiles(table, own)
        if own.proc_mount.strip() and not proc_mount(own.proc_mount):
            words = " nor ".join(PROC_MOUNTS)
            yield f"{table}.proc_mount", f"is neither {words}: {own.proc_mount[:60]!r}"


def _no_profiles(
    table: str, own: SecurityContext | ContainerSecurityContext
) -> Iterator[tuple[str, str]]:
    for key in ("seccomp_profile", "app_armor_profile"):
        asked: Profile = getattr(own, key)
        if asked == Profile() or profile_type(asked):
            continue
        if asked.type.strip().lower() == "localhost":
            yield f"{table}.{key}", "is of type Localhost and has no `localhost_profile`"
        else:
            what = f"is none of {', '.join(PROFILES.values())}: {asked.type[:60]!r}"
            yield f"{table}.{key}.type", what
