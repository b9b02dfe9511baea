"""The coordinator's pod on the user's cluster: made, waited for, and taken away again."""

from __future__ import annotations

import asyncio
import os
import secrets
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

import msgspec

from podlane import __version__
from podlane.clients.kube import kubeconfig
from podlane.clients.kube.access import load_access
from podlane.clients.kube.api import KubeApi
from podlane.clients.kube.kinds import POD, SECRET
from podlane.core.config.kubernetes import KubernetesConfig
from podlane.core.pod import names
from podlane.core.text.token import Token
from podlane.errors import ConfigError, PodlaneError, ServiceError
from podlane.local.look import Wish
from podlane.local.remote.pod import Seat, pod, secret

_START_SECONDS = 180.0
_CLEAR_LOOKS = 60
_LOOK = 0.5
_HOPELESS = ("ErrImagePull", "ImagePullBackOff", "InvalidImageName", "ErrImageNeverPull")


def open_api(wish: Wish) -> KubeApi:
    """The user's own access to the cluster. ConfigError when there is none."""
    access = load_access(KubernetesConfig(context=wish.context), os.environ)
    return KubeApi(access, user_agent=f"podlane/{__version__}")


def choose_seat(wish: Wish) -> Seat:
    namespace = wish.namespace or kubeconfig.find_namespace(wish.context, os.environ) or "default"
    name = f"podlane-local-{secrets.token_hex(4)}"
    return Seat(namespace, name, wish.own_image, Token(secrets.token_urlsafe(24)))


@asynccontextmanager
async def seated(api: KubeApi, seat: Seat) -> AsyncIterator[str]:
    """The coordinator runs; yields its address inside the cluster. Nothing of it stays."""
    try:
        try:
            await api.create(SECRET, seat.namespace, secret(seat))
            await api.create(POD, seat.namespace, pod(seat))
        except ServiceError as error:
            raise ConfigError(
                f"cannot make the coordinator in namespace {seat.namespace}: {error.message}",
                hint="you need the right to create pods and secrets there; "
                "another namespace is chosen by --namespace",
                reference="local-context",
            ) from error
        yield await _until_ready(api, seat)
    finally:
        with suppress(ServiceError):
            for name in await _records(api, seat):  # their pods go with them
                await api.delete(SECRET, seat.namespace, name)
        for kind in (POD, SECRET):
            with suppress(ServiceError):
                await api.delete(kind, seat.namespace, seat.name, grace_seconds=1)


async def until_cleared(api: KubeApi, seat: Seat) -> None:
    """Let the manager remove what belongs to the jobs; not for ever."""
    with suppress(ServiceError):
        for _ in range(_CLEAR_LOOKS):
            if not await _records(api, seat):
                return
            await asyncio.sleep(_LOOK)


async def _records(api: KubeApi, seat: Seat) -> list[str]:
    query = {"labelSelector": names.selector(seat.name)}
    answer = await api.read(SECRET.path(seat.namespace), query, metadata_only=True)
    found = msgspec.json.decode(answer.body).get("items") or []
    return [str(item["metadata"]["name"]) for item in found]


async def _until_ready(api: KubeApi, seat: Seat) -> str:
    until = time.monotonic() + _START_SECONDS
    while time.monotonic() < until:
        status = (await api.get(POD, seat.namespace, seat.name)).get("status") or {}
        if _is_ready(status):
            address = str(status["podIP"])
            return f"[{address}]" if ":" in address else address
        why = _trouble(status)
        if why:
            raise _failure(seat, why)
        await asyncio.sleep(_LOOK)
    raise _failure(seat, f"it did not start within {_START_SECONDS:.0f} s")


def _is_ready(status: dict[str, Any]) -> bool:
    conditions = {item["type"]: item["status"] for item in status.get("conditions") or ()}
    return conditions.get("Ready") == "True" and bool(status.get("podIP"))


def _trouble(status: dict[str, Any]) -> str:
    """Why it will not start, if the cluster says so."""
    if status.get("phase") in ("Failed", "Succeeded"):
        return f"it ended: {status.get('message') or status.get('reason') or 'no reason given'}"
    for item in status.get("containerStatuses") or ():
        waiting = (item.get("state") or {}).get("waiting") or {}
        if waiting.get("reason") in _HOPELESS:
            return f"{waiting['reason']}: {waiting.get('message', '')}"
    return ""


def _failure(seat: Seat, why: str) -> PodlaneError:
    return PodlaneError(
        f"the coordinator's pod {seat.namespace}/{seat.name} ({seat.image}) does not run: {why}",
        hint="--podlane-image names podlane's image as your cluster can pull it",
        reference="local-context",
    )
