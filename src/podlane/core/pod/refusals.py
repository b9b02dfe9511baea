"""What the cluster refuses for security's sake → the keys of the config that it is about.

The refusals say it in Kubernetes' fields. Read are the sentences of Pod Security admission and of
the kubelet (1.34); of others, and of newer words, nothing is made here.
"""

from __future__ import annotations

import re

_POD_TABLE = "[runners.kubernetes.pod_security_context]"
_STANDARD = re.compile(r'violates PodSecurity "(\w+)[^"]*": ')
_CONSTRAINT = re.compile(  # OpenShift's
    r"unable to validate against any security context constraint.*runAsUser: Invalid value: 0\b",
    re.DOTALL,
)
_AS_ROOT = re.compile(r"runAsNonRoot != true|runAsUser=0")
_PRIVILEGED, _ESCALATES = "privileged (", "allowPrivilegeEscalation"
# by which keys a pod came by what the standard forbids; Kubernetes' own words for each check
_CHECKS = (
    (_PRIVILEGED, "`privileged`"),
    ("restricted volume type", "`volumes.host_path` and `volumes.nfs`"),
    ("hostPath volumes", "`volumes.host_path` and `volumes.nfs`"),
    ("in securityContext.capabilities.add", "`cap_add` (or `capabilities.add`)"),
    ("procMount", "`proc_mount`"),
    ("seLinuxOptions", "`selinux_type`"),
    ("forbidden AppArmor", "`app_armor_profile`"),
    ("must not set securityContext.seccompProfile", "`seccomp_profile`"),
    ("host namespaces", "`pod_spec` patches that share the node's namespaces"),
    ("hostPort", "`pod_spec` patches with a `hostPort`"),
)
# these podlane sets by itself for a container that is not to be root nor to gain rights
_SET_UNASKED = (
    ("securityContext.capabilities.drop=", "`capabilities.drop`"),
    ("seccompProfile", "`seccomp_profile`"),
)
_KUBELET = (
    (
        re.compile(r"runAsNonRoot and image will run as root"),
        "`run_as_non_root` is true, and the image runs as root: set `run_as_user` (any number "
        "but 0) in {tables}, or leave `run_as_non_root` out",
    ),
    (
        re.compile(r"runAsNonRoot and image has non-numeric user"),
        "`run_as_non_root` is true, and the image names its user, so that the node cannot see "
        "whether it is root: set `run_as_user` to its number in {tables}",
    ),
    (
        re.compile(r"runAsUser breaks non-root policy"),
        "`run_as_non_root` is true, and `run_as_user` is 0, which is root: change one of them in "
        "{tables}",
    ),
    (
        re.compile(r"seccomp profile"),
        "`localhost_profile` of a `seccomp_profile` in {tables} names a file below the kubelet's "
        "folder `seccomp`, and it must be on each node that runs jobs",
    ),
    (
        re.compile(r"apparmor", re.I),
        "this comes from an `app_armor_profile` in {tables}: the node must run AppArmor, and have "
        "loaded the profile",
    ),
)


def is_of_chosen_user(message: str) -> bool:
    """Whether the cluster chooses its pods' users itself, and took offence at root."""
    return _CONSTRAINT.search(message) is not None


def of_admission(message: str) -> str:
    """What to do about a pod that the API refuses; "" where it is not the standard's refusal."""
    if _CONSTRAINT.search(message):
        return (
            "the cluster chooses its pods' user itself, and it is never root: set "
            f"`run_as_non_root = true` in {_POD_TABLE}, and the helper is that user, too"
        )
    found = _STANDARD.search(message)
    if found is None:
        return ""
    standard, violations = found[1], message[found.end() :]
    sentences = [f"the namespace takes only pods of the Pod Security Standard `{standard}`"]
    if _AS_ROOT.search(violations):
        sentences.append(
            f"set `run_as_non_root = true` and a `run_as_user` other than 0 in {_POD_TABLE}, and "
            "podlane sets the rest by itself"
        )
    if keys := _forbidden(violations):
        sentences.append(f"not allowed there: {', '.join(keys)}")
    return "; ".join(sentences)


def _forbidden(violations: str) -> list[str]:
    """The keys by which the config asks for what is forbidden."""
    keys = dict.fromkeys(key for sign, key in _CHECKS if sign in violations)
    if not _AS_ROOT.search(violations) and _PRIVILEGED not in violations:
        if _ESCALATES in violations:
            return [*keys, "`allow_privilege_escalation`"]
        keys |= dict.fromkeys(key for sign, key in _SET_UNASKED if sign in violations)
    return list(keys)


def of_kubelet(message: str, container: str = "") -> str:
    """What to do about a container, or a whole pod, that the node refuses; "" where nothing is
    known."""
    own = container if container in ("build", "helper", "") else "service"
    table = f"[runners.kubernetes.{own}_container_security_context]"
    tables = f"{_POD_TABLE} or {table if own else 'that of a container'}"
    hints = (hint.format(tables=tables) for sign, hint in _KUBELET if sign.search(message))
    return next(hints, "")
