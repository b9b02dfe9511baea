"""What the embedded GitLab does wrong when it is told to."""

from __future__ import annotations

import asyncio
import json
import re
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Literal, get_args

from aiohttp import web

from podlane.local.coordinator.jobs import CoordinatorJob

Kind = Literal[
    "status", "status_after", "drop", "drop_after", "cut", "slow", "cancel", "force_cancel", "lose"
]
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

_CALLS = (
    ("POST", r"/api/v4/jobs/request", "request"),
    ("PUT", r"/api/v4/jobs/(\d+)", "update"),
    ("PATCH", r"/api/v4/jobs/(\d+)/trace", "trace"),
    ("POST", r"/api/v4/jobs/(\d+)/artifacts", "upload"),
    ("GET", r"/api/v4/jobs/(\d+)/artifacts", "download"),
    ("POST", r"/api/v4/runners/verify", "verify"),
    ("POST", r"/api/v4/runners", "register"),
    ("DELETE", r"/api/v4/runners(?:/managers)?", "unregister"),
    ("POST", r"/api/v4/runners/(?:\d+/)?reset_authentication_token", "reset"),
    ("GET", r"/.+\.git/.*", "git"),
    ("POST", r"/.+\.git/.*", "git"),
)
CALLS = frozenset({"*", "artifact", *(name for _, _, name in _CALLS)})


def call_of(method: str, path: str) -> tuple[str, int]:
    """The name of a call, and the id of its job (0: none)."""
    for wanted, pattern, name in _CALLS:
        found = re.fullmatch(pattern, path) if wanted == method else None
        if found:
            return name, int(found.group(1)) if found.groups() else 0
    return "other", 0


@dataclass
class Fault:
    """`call` is `request`, `update`, `trace`, `upload`, `download`, `artifact` (both), `verify`,
    `register`, `unregister`, `reset`, `git` or `*` (all of these but `git`).

    `kind`: `status` (answer `status` and do nothing), `status_after` (do it, then answer that),
    `drop` (close the connection and do nothing), `drop_after` (do it, then close), `cut` (half an
    answer), `slow` (wait `seconds`, then do it), `cancel` and `force_cancel` (the job first),
    `lose` (lose the stored trace first). It lets `skip` calls pass, then ends after `times`, or at
    `until` (epoch). `job` and `state` (of a PUT) narrow it; `hits` counts.
    """

    call: str
    kind: Kind = "status"
    status: int = 500
    seconds: float = 0.0
    times: int = 1
    until: float = 0.0
    job: int = 0
    state: str = ""
    skip: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    hits: int = 0

    def __post_init__(self) -> None:
        if self.call not in CALLS or self.kind not in get_args(Kind):
            raise ValueError(f"no such fault: {self.call} {self.kind}")

    def concerns(self, call: str, job: int) -> bool:
        names = {call} if call in ("git", "other") else {call, "*"}
        if call in ("upload", "download"):
            names.add("artifact")
        return self.call in names and self.job in (0, job)


@dataclass
class Faults:
    """`buttons`: the coordinator's `cancel` and `force_cancel`, which take a job's id."""

    jobs: dict[int, CoordinatorJob]
    buttons: dict[str, Callable[[int], None]]
    waiting: list[Fault] = field(default_factory=list)

    def add(self, fault: Fault) -> Fault:
        self.waiting.append(fault)
        return fault

    def clear(self) -> None:
        self.waiting.clear()

    async def serve(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Answer a request, with the fault that is due for it, if one is."""
        call, job_id = call_of(request.method, request.path)
        fault = await self._take(request, call, job_id)
        if fault is None:
            return await handler(request)
        return await self._misbehave(request, handler, fault, self.jobs.get(job_id))

    async def _take(self, request: web.Request, call: str, job_id: int) -> Fault | None:
        now = time.time()
        self.waiting[:] = [fault for fault in self.waiting if not 0 < fault.until < now]
        for fault in self.waiting:
            if not fault.concerns(call, job_id):
                continue
            if fault.state and fault.state != await _state_of(request, call):
                continue
            if fault.skip:
                fault.skip -= 1
                continue
            fault.hits += 1
            if not fault.until and fault.hits >= fault.times:
                self.waiting.remove(fault)
            return fault
        return None

    async def _misbehave(
        self, request: web.Request, handler: Handler, fault: Fault, job: CoordinatorJob | None
    ) -> web.StreamResponse:
        match fault.kind:
            case "status":
                return web.Response(status=fault.status, headers=fault.headers)
            case "drop":
                return _drop(request)
            case "cut":
                return await _cut(request)
        await self._disturb(fault, job)
        response = await handler(request)
        if fault.kind == "drop_after":
            return _drop(request)
        if fault.kind == "status_after":
            return web.Response(status=fault.status, headers=fault.headers)
        return response

    async def _disturb(self, fault: Fault, job: CoordinatorJob | None) -> None:
        """What happens before a call that is then answered as ever."""
        if fault.kind == "slow":
            await asyncio.sleep(fault.seconds)
        if job is None:
            return
        if fault.kind == "lose":
            job.lose_trace()
        elif fault.kind in self.buttons:
            self.buttons[fault.kind](job.id)


async def _state_of(request: web.Request, call: str) -> str:
    if call != "update":
        return ""
    try:
        return str(json.loads(await request.read()).get("state", ""))
    except (ValueError, AttributeError):
        return ""


def _drop(request: web.Request) -> web.Response:
    if request.transport is not None:
        request.transport.abort()
    return web.Response(status=500)


async def _cut(request: web.Request) -> web.StreamResponse:
    """Promise more than is sent, then close."""
    response = web.StreamResponse(headers={"Content-Type": "application/json"})
    response.content_length = 4096
    await response.prepare(request)
    await response.write(b'{"id": ')
    if request.transport is not None:
        request.transport.close()
    return response
