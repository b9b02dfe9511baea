"""Security contexts, and the service account that only the build container sees."""

from __future__ import annotations

from typing import Any

from podlane.core.config.kubernetes import KubernetesConfig
from podlane.core.config.security import ContainerSecurityContext
from podlane.core.plan.lenient import proc_mount
from podlane.core.plan.model import Owner

ACCOUNT_PATH = "/var/run/secrets/kubernetes.io/serviceaccount"
_TOKEN_SECONDS = 3607


def pod_security_context(kubernetes: KubernetesConfig) -> dict[str, Any]:
    asked = kubernetes.pod_security_context
    return {
        "fsGroup": asked.fs_group,
        "runAsGroup": asked.run_as_group,
        "runAsNonRoot": asked.run_as_non_root,
        "runAsUser": asked.run_as_user,
        "supplementalGroups": list(asked.supplemental_groups),
    }


def build_security_context(kubernetes: KubernetesConfig, owner: Owner) -> dict[str, Any]:
    """`owner` is the config's where it has one; what the pod says need not be repeated."""
    own = _security_context(kubernetes, kubernetes.build_container_security_context)
    pod = kubernetes.pod_security_context
    uid = own["runAsUser"] if pod.run_as_user is not None else owner.uid
    gid = own["runAsGroup"] if pod.run_as_group is not None else owner.gid
    return own | {"runAsUser": uid, "runAsGroup": gid}


def helper_security_context(kubernetes: KubernetesConfig) -> dict[str, Any]:
    return _security_context(kubernetes, kubernetes.helper_container_security_context)


def service_security_context(kubernetes: KubernetesConfig, wish: Owner) -> dict[str, Any]:
    """`wish`: the job's own user, which is none where the config has one."""
    own = _security_context(kubernetes, kubernetes.service_container_security_context)
    if wish.uid is None:
        return own
    gid = own["runAsGroup"] if own["runAsGroup"] is not None else wish.gid
    return own | {"runAsUser": wish.uid, "runAsGroup": gid}


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


def _security_context(
    kubernetes: KubernetesConfig, asked: ContainerSecurityContext
) -> dict[str, Any]:
    """NET_RAW is dropped as gitlab-runner drops it: it lets a container forge packets."""
    escalation, own = kubernetes.allow_privilege_escalation, asked.allow_privilege_escalation
    return {
        "runAsUser": asked.run_as_user,
        "runAsGroup": asked.run_as_group,
        "runAsNonRoot": asked.run_as_non_root,
        "readOnlyRootFilesystem": asked.read_only_root_filesystem,
        "allowPrivilegeEscalation": escalation if own is None else own,
        "privileged": kubernetes.privileged if asked.privileged is None else asked.privileged,
        "procMount": proc_mount(asked.proc_mount),
        "capabilities": {"drop": ["NET_RAW"]},
    }
