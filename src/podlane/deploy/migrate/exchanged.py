"""A token that podlane has exchanged since: the old release must get the new one to run again."""

from __future__ import annotations

import base64
from collections.abc import Callable

from podlane.clients.kube.api import KubeApi
from podlane.clients.kube.objects import find, path_of
from podlane.core.deploy.rotated import source_of
from podlane.core.migrate.pod import SECRET, sources, texts_of
from podlane.core.migrate.release import Manifest
from podlane.core.text.token import Token
from podlane.errors import PodlaneError, Rejected


async def hand_over(
    api: KubeApi, deployment: Manifest, podlane: tuple[str, str], tell: Callable[[str], None]
) -> None:
    """Write newer tokens where the old release has older ones. `podlane`: namespace and name.

    PodlaneError when that may not be: nothing has been started then.
    """
    there = await _texts(api, *podlane)
    for kind, name in sources(deployment):
        if kind != SECRET:
            continue
        namespace = deployment["metadata"]["namespace"]
        newer: dict[str, str] = {}
        for key, text in (await _texts(api, namespace, name)).items():
            found = source_of(text, there) if text else ""
            if found and there[found] != text:
                newer[key] = base64.b64encode(there[found].reveal().encode()).decode()
        if newer:
            await _write(api, _secret(namespace, name), newer)
            tell(
                f"  Secret {name} in {namespace}: takes the token that podlane has exchanged since"
            )


async def _texts(api: KubeApi, namespace: str, name: str) -> dict[str, Token]:
    try:
        found = await find(api, _secret(namespace, name))
    except Rejected as error:
        raise _refused("read", name, error) from error
    return texts_of({**found, "kind": SECRET}) if found else {}


async def _write(api: KubeApi, secret: Manifest, newer: dict[str, str]) -> None:
    try:
        await api.patch_object(path_of(secret), {"data": newer})
    except Rejected as error:
        raise _refused("write", secret["metadata"]["name"], error) from error


def _secret(namespace: str, name: str) -> Manifest:
    return {
        "apiVersion": "v1",
        "kind": SECRET,
        "metadata": {"name": name, "namespace": namespace},
    }


def _refused(what: str, name: str, error: Rejected) -> PodlaneError:
    return PodlaneError(
        f"cannot {what} the Secret {name}: {error.message}",
        hint="the old release may need a token from it that podlane has exchanged since; nothing "
        "was changed, podlane goes on",
        reference="migrate-rights",
    )
