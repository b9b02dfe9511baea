"""The runners that the embedded GitLab knows, and the calls by which they come and go."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web


@dataclass
class RegisteredRunner:
    id: int
    token: str
    tags: frozenset[str] = frozenset()
    run_untagged: bool = True
    paused: bool = False
    description: str = ""
    managers: set[str] = field(default_factory=set)

    def takes(self, tags: frozenset[str]) -> bool:
        return tags <= self.tags if tags else self.run_untagged


@dataclass
class Runners:
    """`registration_token`: the old kind, with which runners register themselves."""

    registration_token: str = ""
    known: dict[str, RegisteredRunner] = field(default_factory=dict)

    def add(
        self,
        token: str = "",
        tags: frozenset[str] = frozenset(),
        *,
        run_untagged: bool = True,
        paused: bool = False,
        description: str = "",
    ) -> RegisteredRunner:
        token = token or f"glrt-{secrets.token_hex(10)}"
        number = len(self.known) + 1
        runner = RegisteredRunner(number, token, tags, run_untagged, paused, description)
        self.known[token] = runner
        return runner

    def routes(self) -> list[web.RouteDef]:
        return [
            web.post("/api/v4/runners/verify", self._verify),
            web.post("/api/v4/runners", self._register),
            web.delete("/api/v4/runners", self._unregister),
            web.delete("/api/v4/runners/managers", self._unregister_manager),
            web.post("/api/v4/runners/reset_authentication_token", self._reset),
            web.post("/api/v4/runners/{id}/reset_authentication_token", self._reset_by_admin),
        ]

    async def find(self, request: web.Request) -> tuple[RegisteredRunner, dict[str, Any]]:
        """The runner of a request and the request's body; 400 and 403 as GitLab answers."""
        body = await request.json() if request.can_read_body else {}
        token = str(body.get("token") or request.headers.get("RUNNER-TOKEN", ""))
        if not token:
            raise fail(400, "token is missing")
        runner = self.known.get(token)
        if runner is None:
            raise fail(403, "403 Forbidden - Invalid token")
        if body.get("system_id"):
            runner.managers.add(body["system_id"])
        return runner, body

    async def _verify(self, request: web.Request) -> web.Response:
        runner, _ = await self.find(request)
        return web.json_response(_identity(runner))

    async def _register(self, request: web.Request) -> web.Response:
        body = await request.json()
        if not body.get("token"):
            raise fail(400, "token is missing")
        if not self.registration_token or body["token"] != self.registration_token:
            raise fail(403, "403 Forbidden - invalid token")
        tags = body.get("tag_list") or ""
        names = tags.split(",") if isinstance(tags, str) else tags
        found = frozenset(name.strip() for name in names if name.strip())
        run_untagged = bool(body.get("run_untagged", True))
        if not found and not run_untagged:
            text = "can not be empty when runner is not allowed to pick untagged jobs"
            raise web.HTTPBadRequest(
                text=f'{{"message": {{"tags_list": ["{text}"]}}}}', content_type="application/json"
            )
        runner = self.add(
            f"glrtr-{secrets.token_hex(10)}",
            found,
            run_untagged=run_untagged,
            paused=bool(body.get("paused")),
            description=str(body.get("description", "")),
        )
        return web.json_response(_identity(runner), status=201)

    async def _unregister(self, request: web.Request) -> web.Response:
        runner, _ = await self.find(request)
        del self.known[runner.token]
        return web.Response(status=204)

    async def _unregister_manager(self, request: web.Request) -> web.Response:
        body = await request.json()
        if not body.get("system_id"):
            raise fail(400, "system_id is missing")
        runner = self.known.get(str(body.get("token", "")))
        if runner is None:
            raise fail(403, "403 Forbidden")
        if body["system_id"] not in runner.managers:
            raise fail(404, "404 Not Found")
        runner.managers.discard(body["system_id"])
        return web.Response(status=204)

    async def _reset(self, request: web.Request) -> web.Response:
        runner, _ = await self.find(request)
        return self._renew(runner)

    async def _reset_by_admin(self, request: web.Request) -> web.Response:
        if not request.headers.get("PRIVATE-TOKEN"):
            raise fail(401, "401 Unauthorized")
        wanted = int(request.match_info["id"])
        runner = next((r for r in self.known.values() if r.id == wanted), None)
        if runner is None:
            raise fail(404, "404 Not Found")
        return self._renew(runner)

    def _renew(self, runner: RegisteredRunner) -> web.Response:
        del self.known[runner.token]
        runner.token = f"glrt-{secrets.token_hex(10)}"
        self.known[runner.token] = runner
        return web.json_response(_identity(runner), status=201)


def fail(status: int, message: str) -> web.HTTPException:
    """GitLab's own form of a refusal."""
    error = web.HTTPException(text=f'{{"message": "{message}"}}', content_type="application/json")
    error.set_status(status)
    return error


def _identity(runner: RegisteredRunner) -> dict[str, Any]:
    return {"id": runner.id, "token": runner.token, "token_expires_at": None}
