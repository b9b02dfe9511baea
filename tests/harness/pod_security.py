"""The Pod Security Standards `baseline` and `restricted`, as admission checks and words them.

Written from the standards, for the embedded cluster and for pods that are only looked at; the real
cluster has its own. Checked is what a pod of ours can hold: Linux, no ephemeral containers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

Context = dict[str, Any]
_USUAL = {
    *("AUDIT_WRITE", "CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "KILL", "MKNOD"),
    *("NET_BIND_SERVICE", "SETFCAP", "SETGID", "SETPCAP", "SETUID", "SYS_CHROOT"),
}
_VOLUMES = {
    *("configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "persistentVolumeClaim"),
    *("projected", "secret"),
}
_SELINUX = {"", "container_t", "container_init_t", "container_kvm_t", "container_engine_t"}
_SAFE = ("RuntimeDefault", "Localhost")


def _type(context: Context, key: str) -> str:
    return str((context.get(key) or {}).get("type", ""))


def _capabilities(context: Context, side: str) -> set[str]:
    return set((context.get("capabilities") or {}).get(side) or [])


# name of the check, which context is bad, what it must (not) set; what a container leaves out it
# has from its pod: user, group, profiles and types
Check = tuple[str, Callable[[Context], object], str]
_BASELINE: tuple[Check, ...] = (
    (
        "privileged",
        lambda own: own.get("privileged"),
        "must not set securityContext.privileged=true",
    ),
    (
        "non-default capabilities",
        lambda own: _capabilities(own, "add") - _USUAL,
        "must not include others in securityContext.capabilities.add",
    ),
    (
        "procMount",
        lambda own: own.get("procMount") == "Unmasked",
        'must not set securityContext.procMount to "Unmasked"',
    ),
    (
        "seLinuxOptions",
        lambda own: _type(own, "seLinuxOptions") not in _SELINUX,
        "set forbidden securityContext.seLinuxOptions",
    ),
    (
        "forbidden AppArmor profile",
        lambda own: _type(own, "appArmorProfile") == "Unconfined",
        'must not set AppArmor profile type to "Unconfined"',
    ),
    (
        "seccompProfile",
        lambda own: _type(own, "seccompProfile") == "Unconfined",
        'must not set securityContext.seccompProfile.type to "Unconfined"',
    ),
)
_RESTRICTED: tuple[Check, ...] = (
    (
        "allowPrivilegeEscalation != false",
        lambda own: own.get("allowPrivilegeEscalation") is not False,
        "must set securityContext.allowPrivilegeEscalation=false",
    ),
    (
        "unrestricted capabilities",
        lambda own: "ALL" not in _capabilities(own, "drop"),
        'must set securityContext.capabilities.drop=["ALL"]',
    ),
    (
        "unrestricted capabilities",
        lambda own: _capabilities(own, "add") - {"NET_BIND_SERVICE"},
        "must not include others in securityContext.capabilities.add",
    ),
    (
        "runAsNonRoot != true",
        lambda own: not own.get("runAsNonRoot"),
        "must set securityContext.runAsNonRoot=true",
    ),
    ("runAsUser=0", lambda own: own.get("runAsUser") == 0, "must not set runAsUser=0"),
    (
        "seccompProfile",
        lambda own: _type(own, "seccompProfile") not in _SAFE,
        'must set securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost"',
    ),
)
CHECKS = {"privileged": (), "baseline": _BASELINE, "restricted": (*_BASELINE, *_RESTRICTED)}


def violation(pod: dict[str, Any], level: str) -> str:
    """Why admission refuses the pod, in its words; "" when it takes it."""
    spec = pod["spec"]
    contexts = _contexts(spec)
    found = list(_of_the_pod(spec, level))
    for name, is_bad, words in CHECKS[level]:
        bad = [container for container, own in contexts.items() if is_bad(own)]
        if bad:
            found.append(f"{name} ({_quoted('container', bad)} {words})")
    return f'violates PodSecurity "{level}:latest": {", ".join(found)}' if found else ""


def _contexts(spec: dict[str, Any]) -> dict[str, Context]:
    whole = spec.get("securityContext") or {}
    containers = [*(spec.get("initContainers") or []), *spec["containers"]]
    return {one["name"]: whole | (one.get("securityContext") or {}) for one in containers}


def _of_the_pod(spec: dict[str, Any], level: str) -> Iterator[str]:
    if level == "privileged":
        return
    shared = [key for key in ("hostNetwork", "hostPID", "hostIPC") if spec.get(key)]
    yield from (f"host namespaces ({key}=true)" for key in shared)
    volumes = spec.get("volumes") or []
    if hosts := [one["name"] for one in volumes if "hostPath" in one]:
        yield f"hostPath volumes ({_quoted('volume', hosts)})"
    for one in volumes if level == "restricted" else ():
        for kind in set(one) - {"name"} - _VOLUMES:
            what = _quoted("volume", [one["name"]])
            yield f'restricted volume types ({what} uses restricted volume type "{kind}")'


def _quoted(what: str, names: list[str]) -> str:
    return f"{what}{'s' if len(names) > 1 else ''} " + ", ".join(f'"{name}"' for name in names)
