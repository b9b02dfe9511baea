"""Where a manager writes a runner's new token: its config.toml, or the Secret of its Deployment."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Protocol
from urllib.parse import quote

from podlane.clients.kube.api import KubeApi
from podlane.core.config.edit import set_values
from podlane.core.config.entries import Entry, read_entries
from podlane.core.config.lines import key_lines
from podlane.core.config.model import RunnerConfig
from podlane.core.config.rotation import (
    EXPIRES,
    OBTAINED,
    REPLACED,
    Renewal,
    digest,
    reference,
)
from podlane.core.config.times import NEVER, read_time
from podlane.core.config.toml import read_toml, runner_tables
from podlane.core.text.token import Token
from podlane.errors import ConfigError, ServiceError
from podlane.manager.config_file import change_text, check_writable, read_text

SECRET = "PODLANE_TOKEN_SECRET"  # the Deployment's: namespace/name
_KEPT = 100  # digests of replaced tokens


class TokenStore(Protocol):
    """PodlaneError: nothing can be written there; the sentence says where and why."""

    async def newer(self) -> Renewal | None:
        """Make sure that it can be written to; return the token that another manager has put
        there meanwhile."""

    async def write(self, renewal: Renewal) -> None:
        """Put the new token in the place of the old one."""


@dataclass(frozen=True)
class FileStore:
    path: Path
    old: RunnerConfig
    environ: Mapping[str, str]

    async def newer(self) -> Renewal | None:
        check_writable(self.path)
        self._changed(read_text(self.path), Renewal(self.old.token, "", ""))
        return None  # a changed file is loaded anyway

    async def write(self, renewal: Renewal) -> None:
        # a file that is gone must be heard of, not taken for an empty one
        change_text(self.path, lambda _: self._changed(read_text(self.path), renewal))

    def _changed(self, text: str, renewal: Renewal) -> str:
        """The file as it will be: as it is, when its owner has put another token into it."""
        entry = find_entry(text, self.old, self.environ)
        values: dict[str, str | int | datetime] = {
            "token": renewal.token.reveal(),
            "token_obtained_at": read_time(renewal.obtained_at) or NEVER,
            "token_expires_at": read_time(renewal.expires_at) or NEVER,
        }
        return set_values(text, entry.index, values) if entry is not None else text


@dataclass(frozen=True)
class SecretStore:
    """`place`: namespace and name; `key`: that of the token. A merge patch is the one right that
    it takes: an empty one changes nothing and answers with the Secret as it is."""

    open_api: Callable[[], KubeApi]
    place: tuple[str, str]
    key: str
    old: Token
    _seen: dict[str, str] = field(default_factory=dict)

    async def newer(self) -> Renewal | None:
        data = await self._patch({})
        self._seen.update(data)
        found = Token(data.get(self.key, ""))
        if not found or found == self.old:
            return None
        times = data.get(self.key + OBTAINED, ""), data.get(self.key + EXPIRES, "")
        return Renewal(found, *times)

    async def write(self, renewal: Renewal) -> None:
        # what was seen a moment ago will do: until it is written, nobody else has the token
        there = dict(self._seen) or await self._patch({})
        self._seen.clear()
        replaced = there.get(self.key + REPLACED, "").split()
        values = {
            self.key: renewal.token.reveal(),
            self.key + OBTAINED: renewal.obtained_at,
            self.key + EXPIRES: renewal.expires_at,
            self.key + REPLACED: " ".join([*replaced, digest(self.old)][-_KEPT:]),
        }
        data = {key: base64.b64encode(text.encode()).decode() for key, text in values.items()}
        await self._patch({"data": data})

    async def _patch(self, patch: dict[str, object]) -> dict[str, str]:
        namespace, name = (quote(part, safe="") for part in self.place)
        api = self.open_api()
        try:
            found = await api.patch_object(f"/api/v1/namespaces/{namespace}/secrets/{name}", patch)
        except ServiceError as error:
            raise ConfigError(
                f"cannot write the Secret {'/'.join(self.place)}: {error.message}",
                hint="`podlane deploy upgrade` gives the manager the right to patch it",
                reference="token-secret",
            ) from error
        finally:
            await api.close()
        data: dict[str, str] = {}
        for key, text in (found.get("data") or {}).items():
            with suppress(ValueError):
                data[key] = base64.b64decode(text).decode()
        return data


def store_of(
    path: Path,
    runner: RunnerConfig,
    environ: Mapping[str, str],
    open_api: Callable[[], KubeApi],
) -> TokenStore | None:
    """None when the file has this token no longer: it will be loaded. ConfigError: it is kept where
    no manager can write."""
    text = read_text(path)
    entry = find_entry(text, runner, environ)
    if entry is None:
        return None
    table = runner_tables(read_toml(text), key_lines(text))[entry.index]
    name = reference(table.get("token"))
    if not name and "$" not in str(table.get("token")):
        return FileStore(path, runner, environ)
    namespace, _, secret = environ.get(SECRET, "").partition("/")
    if name.startswith("PODLANE_") and secret:
        return SecretStore(open_api, (namespace, secret), name, runner.token)
    raise ConfigError(
        f"the runner's token is in an environment variable, named by `token` in {path}",
        hint="write the token itself into the file, or give podlane a new one in time",
        reference="token-variable",
    )


def find_entry(text: str, runner: RunnerConfig, environ: Mapping[str, str]) -> Entry | None:
    same = (runner.url, runner.token)
    entries = read_entries(text, environ)
    return next((one for one in entries if (one.runner.url, one.runner.token) == same), None)
