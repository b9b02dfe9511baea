"""The runners that the embedded GitLab knows, and the calls by which they come and go."""

from __future__ import annotations

import asyncio
import re
import secrets
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from aiohttp import web

from podlane.local.coordinator.answers import fail, read_object

_NO_TAGS = "can not be empty when runner is not allowed to pick untagged jobs"


@dataclass(eq=False)
class RegisteredRunner:
    """`managers` holds the `info` that each system id sent last; `queue_value` is what GitLab
    calls X-GitLab-Last-Update: it changes when there may be something new for this runner."""

    id: int
    token: str = field(repr=False)
    tags: frozenset[str] = frozenset()
    run_untagged: bool = True
    paused: bool = False
    description: str = ""
    maximum_timeout: int = 0
    token_expires_at: str | None = None
    managers: dict[str, dict[str, Any]] = field(default_factory=dict, repr=False)
    queue_value: str = field(default_factory=lambda: secrets.token_hex(8))
    changed: asyncio.Event = field(default_factory=asyncio.Event, repr=False)

    def takes(self, tags: frozenset[str]) -> bool:
        return tags <= self.tags if tags else self.run_untagged

    def tick(self) -> None:
        """Something this runner may want has come: its held questions are answered."""
        self.queue_value = secrets.token_hex(8)
        event, self.changed = self.changed, asyncio.Event()
        event.set()


@dataclass
class Runners:
    """`registration_token`: the old kind, with which runners register themselves; empty: no such
    registration (410). `admin_token`: the PRIVATE-TOKEN that may reset; empty: any.
    `token_seconds`: how long a new token lives; 0: for ever."""

    registration_token: str = field(default="", repr=False)
    admin_token: str = field(default="", repr=False)
    known: dict[str, RegisteredRunner] = field(default_factory=dict, repr=False)
    last_id: int = 0
    token_seconds: int = 0

    def add(
        self, token: str = "", tags: frozenset[str] = frozenset(), **settings: Any
    ) -> RegisteredRunner:
        token = token or f"glrt-{secrets.token_hex(10)}"
        self.last_id += 1
        self.known[token] = RegisteredRunner(self.last_id, token, tags, **settings)
        return self.known[token]

    def routes(self) -> list[web.RouteDef]:
        return [
            web.post("/api/v4/runners/verify", self._verify),
            web.post("/api/v4/runners", self._register),
            web.delete("/api/v4/runners", self._unregister),
            web.delete("/api/v4/runners/managers", self._unregister_manager),
            web.post("/api/v4/runners/reset_authentication_token", self._reset),
            web.post(r"/api/v4/runners/{id:\d+}/reset_authentication_token", self._reset_by_admin),
            web.get("/api/v4/runners/router/discovery", self._discover),
        ]

    async def find(self, request: web.Request) -> tuple[RegisteredRunner, dict[str, Any]]:
        """The runner of a request and the request's body; 400 and 403 as GitLab answers."""
        body = await read_object(request)
        token = str(body.get("token") or request.headers.get("RUNNER-TOKEN", ""))
        if not token:
            raise fail(400, "token is missing")
        runner = self.known.get(token)
        if runner is None:
            raise fail(403, "403 Forbidden - Invalid token")
        return runner, body

    def note_manager(self, runner: RegisteredRunner, body: dict[str, Any]) -> str:
        """Remember the manager that asks; without a system id GitLab calls it `<legacy>`."""
        system_id = str(body.get("system_id") or "<legacy>")
        runner.managers[system_id] = body.get("info") or {}
        return system_id

    async def _verify(self, request: web.Request) -> web.Response:
        runner, body = await self.find(request)
        self.note_manager(runner, body)
        return web.json_response(_identity(runner))

    async def _register(self, request: web.Request) -> web.Response:
        body = await read_object(request)
        token = str(body.get("token") or request.headers.get("RUNNER-TOKEN", ""))
        if not token:
            raise fail(400, "token is missing")
        if not self.registration_token:
            raise fail(410, "410 Gone - runner registration disallowed")
        if token != self.registration_token:
            raise fail(403, "403 Forbidden - invalid token")
        runner = self.add(f"glrtr-{secrets.token_hex(10)}", _tags(body), **_settings(body))
        return web.json_response(_identity(runner), status=201)

    async def _unregister(self, request: web.Request) -> web.Response:
        runner, _ = await self.find(request)
        del self.known[runner.token]
        return web.Response(status=204)

    async def _unregister_manager(self, request: web.Request) -> web.Response:
        runner, body = await self.find(request)
        if not body.get("system_id"):
            raise fail(400, "system_id is missing")
        if runner.managers.pop(str(body["system_id"]), None) is None:
            raise fail(404, "404 Not Found")
        return web.Response(status=204)

    async def _reset(self, request: web.Request) -> web.Response:
        runner, _ = await self.find(request)
        return self._renew(runner)

    async def _reset_by_admin(self, request: web.Request) -> web.Response:
        given = request.headers.get("PRIVATE-TOKEN")
        if not given or (self.admin_token and given != self.admin_token):
            raise fail(401, "401 Unauthorized")
        wanted = int(request.match_info["id"])
        runner = next((r for r in self.known.values() if r.id == wanted), None)
        if runner is None:
            raise fail(404, "404 Runner Not Found")
        return self._renew(runner)

    def _renew(self, runner: RegisteredRunner) -> web.Response:
        del self.known[runner.token]
        prefix = re.match(r"(glrtr?-)?", runner.token)
        runner.token = f"{prefix.group(0) if prefix else ''}{secrets.token_hex(10)}"
        runner.token_expires_at = self._end()
        self.known[runner.token] = runner
        identity = _identity(runner)
        del identity["id"]
        return web.json_response(identity, status=201)

    def _end(self) -> str | None:
        if not self.token_seconds:
            return None
        end = datetime.now(UTC) + timedelta(seconds=self.token_seconds)
        return end.strftime("%Y-%m-%dT%H:%M:%S.000Z")

    async def _discover(self, request: web.Request) -> web.Response:
        raise fail(501, "501 Not Implemented")


def _tags(body: dict[str, Any]) -> frozenset[str]:
    given = body.get("tag_list") or ""
    names = given.split(",") if isinstance(given, str) else [str(name) for name in given]
    tags = frozenset(name.strip() for name in names if name.strip())
    if not tags and not body.get("run_untagged", True):
        raise fail(400, {"tags_list": [_NO_TAGS]})
    return tags


def _settings(body: dict[str, Any]) -> dict[str, Any]:
    maximum = int(body.get("maximum_timeout") or 0)
    if 0 < maximum < 600:
        raise fail(400, {"maximum_timeout": ["needs to be at least 10 minutes"]})
    return {
        "run_untagged": bool(body.get("run_untagged", True)),
        "paused": bool(body.get("paused", not body.get("active", True))),
        "description": str(body.get("description", "")),
        "maximum_timeout": maximum,
    }


def _identity(runner: RegisteredRunner) -> dict[str, Any]:
    return {
        "id": runner.id,
        "token": runner.token,
        "token_expires_at": runner.token_expires_at,
    }
