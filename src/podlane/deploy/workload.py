"""The Deployment that runs the manager, as it stands: found, and read."""

from __future__ import annotations

from collections.abc import Iterable

from podlane.core.deploy.wish import Manifest
from podlane.errors import PodlaneError


def deployment_of(found: Iterable[Manifest], name: str, namespace: str) -> Manifest:
    """Pick it out of all that stands under `name`; PodlaneError when there is none."""
    for one in found:
        if (one["kind"], one["metadata"]["name"]) == ("Deployment", name):
            return one
    raise PodlaneError(
        f"there is no deployment {name!r} in namespace {namespace}",
        hint="`podlane deploy apply` makes one; --name and --namespace say which",
        reference="deploy-missing",
    )


def container(deployment: Manifest) -> Manifest:
    """The manager's own."""
    found: Manifest = deployment["spec"]["template"]["spec"]["containers"][0]
    return found


def variables(deployment: Manifest) -> dict[str, str]:
    return {one["name"]: one.get("value", "") for one in container(deployment).get("env", ())}
