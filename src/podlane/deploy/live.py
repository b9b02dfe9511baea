"""A deployment that is there, read back as a wish: what `upgrade` changes only in part."""

from __future__ import annotations

import base64
import os
from collections.abc import Callable

import msgspec

from podlane.clients.kube.api import KubeApi
from podlane.clients.kube.objects import find
from podlane.core.config.check import check
from podlane.core.deploy import manager
from podlane.core.deploy.placement import placement, proxies
from podlane.core.deploy.rotated import with_rotated
from podlane.core.deploy.wish import Extras, Manifest, Wish
from podlane.core.text.token import Token
from podlane.deploy.standing import standing
from podlane.deploy.workload import container, deployment_of, variables


async def live(api: KubeApi, name: str, namespace: str) -> Wish:
    """PodlaneError when there is no such deployment."""
    there = await standing(api, name, namespace)
    deployment = deployment_of(there, name, namespace)
    found = {(one["kind"], one["metadata"]["name"]): one for one in there}
    secrets = _secrets(found.get(("Secret", name)))
    text = str(_data(found.get(("ConfigMap", name))).get("config.toml", ""))
    revealed = {key: value.reveal() for key, value in secrets.items()}
    return Wish(
        config_text=text,
        config=check(text, {**os.environ, **revealed}).config,
        secrets=secrets,
        image=container(deployment)["image"],
        name=name,
        namespace=namespace,
        replicas=deployment["spec"].get("replicas", 1),
        certificates=_data(found.get(("ConfigMap", f"{name}-certificates"))),
        system_id=variables(deployment).get("PODLANE_SYSTEM_ID", ""),
        extras=Extras(
            network_policy=("NetworkPolicy", name) in found,
            service_monitor=("Service", name) in found,
            certificates_in_jobs="PODLANE_CERTIFICATES_IN_JOBS" in variables(deployment),
        ),
        placement=placement(deployment["spec"]["template"]["spec"]),
        proxies=proxies(variables(deployment)),
    )


async def keep_rotated(api: KubeApi, wish: Wish, tell: Callable[[str], None]) -> Wish:
    """The wish with the tokens that the manager has exchanged since; a line tells of each."""
    secret = await find(api, manager.secret(wish))
    found, lines = with_rotated(wish, _secrets(secret), os.environ)
    for line in lines:
        tell(line)
    return found


def upgraded(before: Wish, order: Wish | None, image: str, replicas: int) -> Wish:
    """What stands, with what was given in its place; `order`: a new config.toml, prepared."""
    changes: dict[str, object] = {}
    if order is not None:
        changes = {
            "config_text": order.config_text,
            "config": order.config,
            "secrets": order.secrets,
            "certificates": {**before.certificates, **order.certificates},
        }
    if image:
        changes["image"] = image
    if replicas:
        changes["replicas"] = replicas
    return msgspec.structs.replace(before, **changes)


def _data(manifest: Manifest | None) -> dict[str, str]:
    return dict((manifest or {}).get("data") or {})


def _secrets(manifest: Manifest | None) -> dict[str, Token]:
    return {key: Token(base64.b64decode(text).decode()) for key, text in _data(manifest).items()}
