"""Puts the jobs' credentials where the jobs run, and makes the namespace that is not there yet."""

from __future__ import annotations

from collections.abc import Callable

from podlane.clients.kube.api import KubeApi
from podlane.clients.kube.objects import apply
from podlane.core.deploy.credentials import namespace_of
from podlane.core.deploy.wish import Manifest
from podlane.deploy.standing import shown
from podlane.errors import Gone


async def keep(
    api: KubeApi, name: str, secrets: list[Manifest], tell: Callable[[str], None]
) -> None:
    """`name`: of the deployment, with which they go."""
    for one in secrets:
        try:
            await apply(api, one)
        except Gone:
            place = namespace_of(name, one["metadata"]["namespace"])
            await apply(api, place)
            tell(f"{shown(place)}: made")
            await apply(api, one)
        tell(f"{shown(one)}: holds {', '.join(one['data'])}")
