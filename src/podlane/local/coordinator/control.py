"""The embedded GitLab driven from afar: projects and jobs in, traces, states and artifacts out.

For a coordinator that runs as a pod while whoever presses its buttons sits at a laptop. Every call
needs the control token. Without a call for `patience` seconds the coordinator knows itself
forgotten and ends.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import hmac
from collections.abc import Awaitable, Callable
from pathlib import PurePosixPath
from typing import Any

from aiohttp import web

from podlane.local.coordinator.app import Coordinator
from podlane.local.coordinator.jobs import CoordinatorJob

HEADER = "X-Podlane-Control"
_BLOCK = 1 << 20
_LONGEST_WAIT = 30.0


class Control:
    """`routes()` go to the coordinator before it starts."""

    def __init__(self, coordinator: Coordinator, token: str, patience: float = 600) -> None:
        self._coordinator = coordinator
        self._token = token
        self._patience = patience
        self._called = asyncio.Event()

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/control/ready", self._known(self._ready)),
            web.post("/control/runners", self._known(self._add_runner)),
            web.put("/control/projects/{path:.+}", self._known(self._put_project)),
            web.post("/control/jobs", self._known(self._add_job)),
            web.get("/control/jobs/{id:\\d+}", self._known(self._look)),
            web.post(
                "/control/jobs/{id:\\d+}/{press:cancel|force-cancel}", self._known(self._press)
            ),
            web.get("/control/jobs/{id:\\d+}/artifacts/{kind}", self._known(self._artifact)),
        ]

    async def until_forgotten(self) -> None:
        """Return once nobody has called for too long."""
        with contextlib.suppress(TimeoutError):
            while True:
                async with asyncio.timeout(self._patience):
                    await self._called.wait()
                self._called.clear()

    def _known(
        self, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
        async def answer(request: web.Request) -> web.StreamResponse:
            given = request.headers.get(HEADER, "")
            if not hmac.compare_digest(given.encode(), self._token.encode()):
                raise web.HTTPForbidden(text="the control token is wrong")
            self._called.set()
            return await handler(request)

        return answer

    async def _ready(self, _: web.Request) -> web.Response:
        return web.json_response({"ready": True})

    async def _add_runner(self, request: web.Request) -> web.Response:
        asked = await request.json()
        runner = self._coordinator.register_runner(description=asked.get("description", ""))
        return web.json_response({"token": runner.token})

    async def _put_project(self, request: web.Request) -> web.Response:
        """Take a bare repository as a tar stream."""
        path = PurePosixPath(request.match_info["path"])
        if ".." in path.parts or path.is_absolute():
            raise web.HTTPBadRequest(text="this is no project's path")
        target = self._coordinator.git.root / f"{path}.git"
        target.mkdir(parents=True, exist_ok=True)
        process = await asyncio.create_subprocess_exec(
            *("tar", "--extract", "--gzip", "--no-same-owner", "--directory", str(target)),
            stdin=asyncio.subprocess.PIPE,
        )
        assert process.stdin is not None
        async for chunk in request.content.iter_chunked(_BLOCK):
            process.stdin.write(chunk)
            await process.stdin.drain()
        process.stdin.close()
        if await process.wait():
            raise web.HTTPBadRequest(text="this is no tar archive of a repository")
        return web.json_response({})

    async def _add_job(self, request: web.Request) -> web.Response:
        """Put a job into the queue, once: the same may be asked again when an answer was lost."""
        asked = await request.json()
        job_id = int(asked["id"])
        if job_id not in self._coordinator.jobs:
            self._coordinator.enqueue_whole(
                lambda _id, _token: asked["payload"], job_id=job_id, token=asked["token"]
            )
        return web.json_response({"id": job_id})

    async def _look(self, request: web.Request) -> web.Response:
        """The job as it is, with its trace from `offset`: at once if it is not as the caller
        knows it (`state`), else when it changes."""
        job = self._job(request)
        offset, state = int(request.query.get("offset", "0")), request.query.get("state", "")
        try:
            async with asyncio.timeout(_LONGEST_WAIT):
                while job.state == state and job.trace_size <= offset and not job.is_over:
                    await job.changed.wait()
        except TimeoutError:
            pass
        return web.json_response(_seen(job, offset))

    async def _press(self, request: web.Request) -> web.Response:
        job = self._job(request)
        is_forced = request.match_info["press"] == "force-cancel"
        (self._coordinator.force_cancel if is_forced else self._coordinator.cancel)(job.id)
        return web.json_response({"state": job.state})

    async def _artifact(self, request: web.Request) -> web.StreamResponse:
        file = self._job(request).artifacts.get(request.match_info["kind"])
        if file is None:
            raise web.HTTPNotFound(text="the job has no such artifact")
        return web.FileResponse(file)

    def _job(self, request: web.Request) -> CoordinatorJob:
        job = self._coordinator.jobs.get(int(request.match_info["id"]))
        if job is None:
            raise web.HTTPNotFound(text="there is no such job")
        return job


def _seen(job: CoordinatorJob, offset: int) -> dict[str, Any]:
    data = job.read_trace(offset, _BLOCK) if job.trace_size > offset else b""
    return {
        "state": job.state,
        "is_over": job.is_over and offset + len(data) >= job.trace_size,
        "failure_reason": job.failure_reason,
        "exit_code": job.exit_code,
        "moments": job.moments,
        "trace": base64.b64encode(data).decode(),
        "artifacts": {
            kind: {"name": job.artifact_names.get(kind, ""), "suffix": file.suffix}
            for kind, file in job.artifacts.items()
        },
        "dotenv": job.dotenv,
    }
