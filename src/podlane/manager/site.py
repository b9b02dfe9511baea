"""One namespace of one cluster, where jobs have their objects, and the ways in to it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from podlane.clients.kube.api import KubeApi
from podlane.clients.kube.kinds import Kind


@dataclass(frozen=True)
class Site:
    """`cluster` names the API server and our own way in, `api`. `creator`: another way in, by which
    objects are made, where a job has brought its token."""

    cluster: str
    api: KubeApi
    namespace: str
    selector: str
    creator: KubeApi | None = None

    @property
    def name(self) -> str:
        """The key of this site on the board."""
        return f"{self.cluster}/{self.namespace}"

    def at(self, namespace: str) -> Site:
        """The same cluster, in another namespace, by our own way in."""
        return replace(self, namespace=namespace, creator=None)

    async def create(self, kind: Kind, manifest: dict[str, Any]) -> dict[str, Any]:
        return await (self.creator or self.api).create(kind, self.namespace, manifest)


def cluster_of(site: str) -> str:
    return site.rpartition("/")[0]


def namespace_of(site: str) -> str:
    return site.rpartition("/")[2]
