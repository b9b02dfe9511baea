"""Registry credentials as the kubelet reads them, and where each comes from.

The job's DOCKER_AUTH_CONFIG (a variable, or the runner's `environment`), then the manager's own
~/.docker/config.json, then what GitLab sends. Of two for one registry the first counts. What cannot
be read is left out, for one bad entry would make the kubelet drop all of them.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Iterator
from typing import Any

import msgspec

from podlane.core.job.payload import Credential, Job
from podlane.core.job.variables import Variables
from podlane.core.plan.context import RunnerContext
from podlane.core.plan.model import Note
from podlane.core.text.token import Token

VARIABLE = "DOCKER_AUTH_CONFIG"
OF_JOB = f"{VARIABLE} of the job"
OF_RUNNER = f"{VARIABLE} of the runner's `environment`"
OF_MANAGER = "the manager's ~/.docker/config.json"
OF_GITLAB = "GitLab's own for the job"
HUB = "docker.io"
_HUB_KEY = "https://index.docker.io/v1/"  # the one spelling that every kubelet knows
_HUB_HOSTS = (HUB, "index.docker.io", "registry-1.docker.io")


class Login(msgspec.Struct, frozen=True):
    """User and password for one registry. `key`: its name as the kubelet looks it up."""

    key: str
    auth: Token
    source: str


class Found(msgspec.Struct, frozen=True):
    """One docker config, read. `helpers`: the programs it leaves registries to."""

    logins: tuple[tuple[str, Token], ...] = ()
    helpers: tuple[str, ...] = ()
    is_readable: bool = True


def logins(job: Job, context: RunnerContext, variables: Variables) -> tuple[Login, ...]:
    """What the pod's images are pulled with, each registry once."""
    if context.runner.kubernetes.use_service_account_image_pull_secrets:
        return ()
    first: dict[str, Login] = {}
    for login in _all(job, context, variables):
        first.setdefault(registry(login.key), login)
    return tuple(first.values())


def docker_config(found: tuple[Login, ...]) -> bytes:
    auths = {login.key: {"auth": login.auth.reveal()} for login in found}
    return json.dumps({"auths": auths}, sort_keys=True).encode()


def registry(key: str) -> str:
    """One name for all spellings of a registry: `https://Host:5000/v1/` is `host:5000`."""
    text = key.strip()
    for scheme in ("https://", "http://"):
        text = text.removeprefix(scheme)
    host, slash, path = text.rstrip("/").partition("/")
    for version in ("v1", "v2"):
        path = "" if path == version else path.removeprefix(f"{version}/")
    host = host.rpartition("@")[2].lower()  # no user or password of somebody's URL
    return f"{HUB if host in _HUB_HOSTS else host}{slash if path else ''}{path}"


def complaints(context: RunnerContext, variables: Variables) -> tuple[Note, ...]:
    """What of the docker configs cannot count, in one line each."""
    if context.runner.kubernetes.use_service_account_image_pull_secrets:
        return ()
    return tuple(
        Note(text, "warning")
        for source, found in _configs(context, variables)
        for text in _complaint(source, found)
    )


def _complaint(source: str, found: Found) -> Iterator[str]:
    if not found.is_readable:
        yield (
            f"{source} is no docker config and gives no credentials: it must be a JSON object "
            'such as {"auths": {"registry.example.com": {"auth": "…"}}}'
        )
    if found.helpers:
        yield (
            f"{source} leaves registries to credential helpers ({', '.join(found.helpers[:5])}), "
            "and images are pulled without them: they are programs, and the kubelet runs none. "
            "Write a password or token under `auths`, or use `image_pull_secrets`"
        )


def _all(job: Job, context: RunnerContext, variables: Variables) -> Iterator[Login]:
    for source, found in _configs(context, variables):
        for key, auth in found.logins:
            yield Login(_key(key), auth, source)
    for credential in job.credentials:
        if credential.type == "registry" and credential.url:
            yield Login(_key(credential.url), _auth_of(credential), OF_GITLAB)


def _key(written: str) -> str:
    return _HUB_KEY if registry(written) == HUB else written


def _configs(context: RunnerContext, variables: Variables) -> Iterator[tuple[str, Found]]:
    own = variables.final().get(VARIABLE)
    if own is not None and own.value.strip():
        lines = context.runner.environment
        is_of_runner = any(line == f"{VARIABLE}={own.value}" for line in lines)
        yield (OF_RUNNER if is_of_runner else OF_JOB), _read(own.value)
    if text := context.docker_config.reveal():
        yield OF_MANAGER, _read(text)


def _auth_of(credential: Credential) -> Token:
    return _pair(credential.username, credential.password.reveal())


def _pair(user: str, password: str) -> Token:
    return Token(base64.b64encode(f"{user}:{password}".encode()).decode())


def _read(text: str) -> Found:
    try:
        config = json.loads(text)
    except ValueError:
        return Found(is_readable=False)
    if not isinstance(config, dict):
        return Found(is_readable=False)
    entries = config.get("auths")
    if not isinstance(entries, dict):
        entries = {}
    read = ((str(key), _readable(entry)) for key, entry in entries.items())
    return Found(tuple((key, auth) for key, auth in read if auth), tuple(_helpers(config)))


def _helpers(config: dict[str, Any]) -> Iterator[str]:
    """`credsStore` is for all registries, `credHelpers` for one each."""
    if isinstance(store := config.get("credsStore"), str) and store:
        yield f"credsStore {store[:40]!r}"
    helpers = config.get("credHelpers")
    for key in helpers if isinstance(helpers, dict) else ():
        yield f"credHelpers for {str(key)[:80]!r}"


def _readable(entry: Any) -> Token:
    """The pair of user and password in the one form that every kubelet reads; or nothing."""
    if not isinstance(entry, dict):
        return Token("")
    user, password, auth = (entry.get(key) for key in ("username", "password", "auth"))
    if isinstance(auth, str) and auth and _is_pair(auth):
        return Token(auth.strip())
    if isinstance(user, str) and isinstance(password, str) and user:
        return _pair(user, password)
    return Token("")


def _is_pair(auth: str) -> bool:
    try:
        return b":" in base64.b64decode(auth.strip(), validate=True)
    except (binascii.Error, ValueError):
        return False
