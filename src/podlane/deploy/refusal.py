"""What the cluster will not do for us, in words for whoever runs a command: why, and what to do."""

from __future__ import annotations

from podlane.clients.kube.objects import list_path
from podlane.core.deploy.wish import Manifest
from podlane.deploy.standing import shown
from podlane.errors import Gone, PodlaneError, ServiceError

_ESCALATES = "attempting to grant RBAC permissions not currently held"


def refused(manifest: Manifest, error: ServiceError, so_far: str) -> PodlaneError:
    """`so_far`: what there is of the deployment now."""
    if isinstance(error, Gone):
        hint = _where_it_would_be(manifest)
    elif _ESCALATES in error.message:
        hint = (
            "nobody can give rights that he has not: have it applied by an administrator of the "
            "cluster, or be given what docs/reference/rights.md lists"
        )
    elif error.status == 403:
        hint = _right(manifest)
    else:
        hint = "mend this and apply again"
    return PodlaneError(
        f"the cluster refused {shown(manifest)}: {error.message}",
        hint=f"{hint}. {so_far}",
        reference="deploy-refused",
    )


def explained(error: ServiceError) -> PodlaneError:
    """What is no matter of one object: who we are, and whom we trust."""
    hint = error.hint
    if error.status == 401:
        hint = "the cluster does not know us: log in anew, or mend the user of the kubeconfig"
    elif error.status == 403:
        hint = "another account may do it: --context chooses one of the kubeconfig"
    elif "is not trusted" in error.message:
        hint = (
            "the kubeconfig has another CA for this cluster (`certificate-authority`): take a new "
            "kubeconfig from whoever runs the cluster"
        )
    return PodlaneError(error.message, hint=hint, reference="deploy-cluster")


def _right(manifest: Manifest) -> str:
    kind, meta = manifest["kind"], manifest["metadata"]
    if kind == "Namespace":
        return (
            f"`kubectl create namespace {meta['name']}` by somebody who may do it, and apply again"
        )
    plural = list_path(manifest["apiVersion"], kind).rpartition("/")[2]
    where = f"in {meta['namespace']}" if meta.get("namespace") else "in the cluster"
    return (
        f"apply needs get, list, create, patch and delete of {plural} {where}; or somebody who has "
        "them applies what `podlane deploy render` prints"
    )


def _where_it_would_be(manifest: Manifest) -> str:
    namespace = manifest["metadata"].get("namespace")
    if manifest["kind"] == "ServiceMonitor":
        return "the Prometheus operator, whose kind it is, is missing: leave --service-monitor out"
    return f"`kubectl create namespace {namespace}`, or mend `namespace` in [runners.kubernetes]"
