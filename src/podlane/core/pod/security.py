"""Security contexts, and the service account that only the build container sees."""

from __future__ import annotations

from typing import Any

from podlane.core.config.kubernetes import KubernetesConfig
from podlane.core.config.security import ContainerSecurityContext, either, proc_mount
from podlane.core.plan.model import Owner
from podlane.core.pod import privileges

ACCOUNT_PATH = "/var/run/secrets/kubernetes.io/serviceaccount"
_TOKEN_SECONDS = 3607
_ROOT = 0


def pod_security_context(kubernetes: KubernetesConfig) -> dict[str, Any]:
    asked = kubernetes.pod_security_context
    return {
        "fsGroup": asked.fs_group,
        "runAsGroup": asked.run_as_group,
        "runAsNonRoot": asked.run_as_non_root,
        "runAsUser": asked.run_as_user,
        "supplementalGroups": list(asked.supplemental_groups),
        "seLinuxOptions": {"type": asked.selinux_type},
        "seccompProfile": privileges.profile(asked.seccomp_profile),
        "appArmorProfile": privileges.profile(asked.app_armor_profile),
    }


def build_security_context(kubernetes: KubernetesConfig, owner: Owner) -> dict[str, Any]:
    """`owner` is the config's where it has one; what the pod says need not be repeated."""
    own = kubernetes.build_container_security_context
    pod = kubernetes.pod_security_context
    uid = own.run_as_user if pod.run_as_user is not None else owner.uid
    gid = own.run_as_group if pod.run_as_group is not None else owner.gid
    return _security_context(kubernetes, own, Owner(uid=uid, gid=gid))


def helper_security_context(kubernetes: KubernetesConfig) -> dict[str, Any]:
    own = kubernetes.helper_container_security_context
    return _security_context(kubernetes, own, _helper_owner(kubernetes, own))


def _helper_owner(kubernetes: KubernetesConfig, own: ContainerSecurityContext) -> Owner:
    """Root where nothing is said against it: only root can give the working copy to whoever the
    build image has its scripts run by. The image itself would start as user 1000."""
    pod, owner = kubernetes.pod_security_context, _owner(own)
    is_told = owner.uid is not None or pod.run_as_user is not None
    if is_told or either(own.run_as_non_root, pod.run_as_non_root):
        return owner
    return Owner(uid=_ROOT, gid=owner.gid)


def is_root_unasked(kubernetes: KubernetesConfig) -> bool:
    """Whether the helper runs as root by podlane's own choice, not by the config's word."""
    own = kubernetes.helper_container_security_context
    return _owner(own).uid is None and _helper_owner(kubernetes, own).uid == _ROOT


def without_unasked_root(spec: dict[str, Any]) -> dict[str, Any]:
    """A pod's spec whose helper is whoever the cluster, or its image, has it be."""
    return spec | {"containers": [_unowned(one) for one in spec["containers"]]}


def _unowned(container: dict[str, Any]) -> dict[str, Any]:
    context = container.get("securityContext") or {}
    if container["name"] != "helper" or "runAsUser" not in context:
        return container
    kept = {key: value for key, value in context.items() if key != "runAsUser"}
    rest = {key: value for key, value in container.items() if key != "securityContext"}
    return rest | ({"securityContext": kept} if kept else {})


def service_security_context(kubernetes: KubernetesConfig, wish: Owner) -> dict[str, Any]:
    """`wish`: the job's own user, which is none where the config has one."""
    own = kubernetes.service_container_security_context
    if wish.uid is None:
        return _security_context(kubernetes, own, _owner(own))
    gid = wish.gid if own.run_as_group is None else own.run_as_group
    return _security_context(kubernetes, own, Owner(uid=wish.uid, gid=gid))


def wants_account_token(kubernetes: KubernetesConfig) -> bool:
    """A token only where it is asked for: by naming an account, or by the key itself."""
    if kubernetes.automount_service_account_token is not None:
        return kubernetes.automount_service_account_token
    return bool(kubernetes.service_account)


def account_volume(kubernetes: KubernetesConfig) -> list[dict[str, Any]]:
    """What Kubernetes itself would mount in every container; here only the build container has it.

    The pod's automount stays off, so the token of the account never lies beside the job token
    in the helper.
    """
    if not wants_account_token(kubernetes):
        return []
    token = {"expirationSeconds": _TOKEN_SECONDS, "path": "token"}
    authority = {"name": "kube-root-ca.crt", "items": [{"key": "ca.crt", "path": "ca.crt"}]}
    namespace = {"path": "namespace", "fieldRef": {"fieldPath": "metadata.namespace"}}
    sources = [
        {"serviceAccountToken": token},
        {"configMap": authority},
        {"downwardAPI": {"items": [namespace]}},
    ]
    return [{"name": "account", "projected": {"sources": sources}}]


def account_mount(kubernetes: KubernetesConfig) -> list[dict[str, Any]]:
    if not wants_account_token(kubernetes):
        return []
    return [{"name": "account", "mountPath": ACCOUNT_PATH, "readOnly": True}]


def _owner(own: ContainerSecurityContext) -> Owner:
    return Owner(uid=own.run_as_user, gid=own.run_as_group)


def _security_context(
    kubernetes: KubernetesConfig, own: ContainerSecurityContext, owner: Owner
) -> dict[str, Any]:
    """`owner`: what the container says of itself, beside what the pod says."""
    confined = privileges.is_confined(kubernetes, own)
    escalation = either(own.allow_privilege_escalation, kubernetes.allow_privilege_escalation)
    return {
        "runAsUser": owner.uid,
        "runAsGroup": owner.gid,
        "runAsNonRoot": own.run_as_non_root,
        "readOnlyRootFilesystem": own.read_only_root_filesystem,
        "allowPrivilegeEscalation": False if confined else escalation,
        "privileged": either(own.privileged, kubernetes.privileged),
        "procMount": proc_mount(own.proc_mount),
        "capabilities": privileges.capabilities(kubernetes, own, confined=confined),
        "seLinuxOptions": {"type": own.selinux_type},
        "seccompProfile": privileges.seccomp(kubernetes, own, confined=confined),
        "appArmorProfile": privileges.profile(own.app_armor_profile),
    }
