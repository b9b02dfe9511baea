"""A world in which `podlane doctor` finds all well, until a scenario breaks it; the scenario's
mending is what the printed fix says."""

from __future__ import annotations

import asyncio
import json
import ssl
import time
from collections.abc import Awaitable, Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from email.utils import formatdate
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import tomlkit

from harness import command
from harness.http_server import Call, Said, Server, serve
from harness.scenario import merge
from podlane.doctor.finding import Finding

TOKEN = "glrt-of-the-doctors-own"


@dataclass
class GitLab:
    """What the doctor asks a GitLab: is it there, what time is it, whose is the token?"""

    tokens: set[str] = field(default_factory=lambda: {TOKEN})
    ahead: float = 0
    said: Said | None = None

    def answer(self, call: Call) -> Said:
        headers = {"Content-Type": "application/json"}
        headers["Date"] = formatdate(time.time() + self.ahead, usegmt=True)
        path = urlsplit(call.path).path  # a proxy is asked for a whole URL
        if self.said is not None:
            return self.said
        if not path.startswith("/api/v4/"):
            return Said(404, headers)
        if path != "/api/v4/runners/verify":
            return Said(401, headers, b'{"message":"401 Unauthorized"}')
        token = json.loads(call.body).get("token")
        if token not in self.tokens:
            return Said(403, headers, b'{"message":"403 Forbidden"}')
        return Said(200, headers, json.dumps({"id": 1, "token": token}).encode())


@dataclass
class World:
    """`config` is the `[[runners]]` table, beside `others`; `words` and `environ` go to the
    command, which tells none of `secrets`."""

    folder: Path
    config: dict[str, Any]
    cluster: Any = None
    words: list[str] = field(default_factory=list)
    environ: dict[str, str] = field(default_factory=dict)
    gitlab: GitLab = field(default_factory=GitLab)
    stack: ExitStack = field(default_factory=ExitStack)
    kept: dict[str, Any] = field(default_factory=dict)
    others: list[dict[str, Any]] = field(default_factory=list)
    secrets: tuple[str, ...] = (TOKEN,)

    def serve(self, context: ssl.SSLContext | None = None) -> Server:
        """Serve GitLab and have the runner go there."""
        server = self.stack.enter_context(serve(self.gitlab.answer, context))
        self.config["url"] = server.url
        return server

    def change(self, **tables: Any) -> None:
        self.config = merge(self.config, tables)

    def write(self) -> Path:
        path = self.folder / "config.toml"
        path.write_text(tomlkit.dumps({"runners": [self.config, *self.others]}))
        path.chmod(0o600)
        return path

    async def look(self) -> tuple[int, list[Finding]]:
        """Run the command, and hold that it tells no secret."""
        file = f"--config={self.write()}"
        words = ("doctor", file, "--json", *self.words)
        ended = await asyncio.to_thread(lambda: command.run(*words, **self.environ))
        assert ended.err == "", ended.err
        assert not [secret for secret in self.secrets if secret in ended.out]
        found = json.loads(ended.out)
        assert found["ok"] is (ended.code == 0)
        return ended.code, [Finding(**one) for one in found["checks"]]


@dataclass(frozen=True)
class Scenario:
    """`says` and `fix`: what the line of `check` holds; `mend` does what the fix says."""

    name: str
    check: str
    says: str
    fix: str
    breaks: Callable[[World], Awaitable[None] | None]
    mend: Callable[[World, str], Awaitable[None] | None]
    state: str = "FAIL"


async def play(world: World, scenario: Scenario) -> None:
    """Break, look, mend as told, look again."""
    await _do(scenario.breaks(world))
    code, found = await world.look()
    bad = [one for one in found if one.check == scenario.check and one.state == scenario.state]
    assert bad, found
    assert scenario.says in bad[0].message, bad[0].message
    assert scenario.fix in bad[0].fix, bad[0].fix
    assert code == int(scenario.state == "FAIL"), found
    await _do(scenario.mend(world, bad[0].fix))
    code, found = await world.look()
    states = {one.check: one.state for one in found}
    assert states.get(scenario.check, "ok") == "ok", found
    assert code == 0, found


async def _do(step: Awaitable[None] | None) -> None:
    if step is not None:
        await step
