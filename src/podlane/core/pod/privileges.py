"""What a container may do: its capabilities and profiles, and what one without root gets unasked.

A container that `run_as_non_root` keeps from being root, and that is not to gain rights, is
confined: wherever the config says nothing it gets what the Pod Security Standard `restricted`
demands. A container that may be root is left as gitlab-runner leaves it.
"""

from __future__ import annotations

from podlane.core.config.kubernetes import KubernetesConfig
from podlane.core.config.security import ContainerSecurityContext, Profile, either, profile_type

_ALL = "ALL"
_FORGES_PACKETS = "NET_RAW"  # dropped from every container, as gitlab-runner drops it


def is_confined(kubernetes: KubernetesConfig, own: ContainerSecurityContext) -> bool:
    pod = kubernetes.pod_security_context
    escalates = either(own.allow_privilege_escalation, kubernetes.allow_privilege_escalation)
    is_privileged = either(own.privileged, kubernetes.privileged)
    is_not_root = either(own.run_as_non_root, pod.run_as_non_root)
    return bool(is_not_root and not escalates and not is_privileged)


def capabilities(
    kubernetes: KubernetesConfig, own: ContainerSecurityContext, *, confined: bool
) -> dict[str, list[str]]:
    """What is dropped beats what is added; what is added takes the place of what is dropped
    unasked. The container's own lists each replace the general one."""
    lists, cap_drop = own.capabilities, _names(kubernetes.cap_drop)
    added = _names(kubernetes.cap_add) - cap_drop if lists.add is None else _names(lists.add)
    if lists.drop is not None:
        dropped = _names(lists.drop)
        return {"add": sorted(added - dropped), "drop": sorted(dropped)}
    unasked = {_ALL} if confined and _ALL not in added else {_FORGES_PACKETS}
    return {"add": sorted(added - cap_drop), "drop": sorted(cap_drop | (unasked - added))}


def seccomp(
    kubernetes: KubernetesConfig, own: ContainerSecurityContext, *, confined: bool
) -> dict[str, str]:
    asked = profile(own.seccomp_profile)
    if asked or not confined or profile(kubernetes.pod_security_context.seccomp_profile):
        return asked
    return {"type": "RuntimeDefault"}


def profile(asked: Profile) -> dict[str, str]:
    """A seccomp or AppArmor profile; empty where there is none to be used."""
    kind = profile_type(asked)
    if kind != "Localhost":
        return {"type": kind} if kind else {}
    return {"type": kind, "localhostProfile": asked.localhost_profile.strip()}


def _names(words: tuple[str, ...]) -> set[str]:
    """Kubernetes' spelling; a CAP_ too many would make it a name that no kernel knows."""
    return {word.strip().upper().removeprefix("CAP_") for word in words if word.strip()}
