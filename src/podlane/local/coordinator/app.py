"""The embedded GitLab: jobs in, runners served, everything they said kept for whoever asks.

Written from the runner API's protocol, not from our clients. Serves one machine.
"""

from __future__ import annotations

import asyncio
import secrets
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Iterable
from pathlib import Path
from typing import Any

from aiohttp import web

from podlane.local.coordinator import payloads
from podlane.local.coordinator.artifacts import Artifacts
from podlane.local.coordinator.faults import Fault, Faults
from podlane.local.coordinator.git import GitServer
from podlane.local.coordinator.jobs import ALIVE, CoordinatorJob
from podlane.local.coordinator.queue import Queue
from podlane.local.coordinator.runners import RegisteredRunner, Runners
from podlane.local.coordinator.trace import JobCalls

_CALLS = {"POST": "request", "PUT": "update", "PATCH": "trace"}


class Coordinator:
    """`root` holds traces, artifacts and repositories; a temporary folder if none is given."""

    def __init__(self, root: Path | None = None, host: str = "127.0.0.1", port: int = 0) -> None:
        self._own = None if root else tempfile.TemporaryDirectory(prefix="podlane-gitlab-")
        self.root = root or Path(self._own.name if self._own else "")
        self.host, self.port = host, port
        self.faults = Faults()
        self.runners = Runners()
        self.jobs: dict[int, CoordinatorJob] = {}
        self.queue = Queue(self.runners, self.jobs)
        self.calls = JobCalls(self.jobs)
        self.artifacts = Artifacts(self.root / "artifacts", self.jobs)
        self.git = GitServer(self.root / "repositories", self._is_open)
        self.requests: list[tuple[float, str, str, int]] = []
        self.last_id = 1000
        self._runner: web.AppRunner | None = None

    @property
    def url(self) -> str:
        return f"http://{self.host}:{self.port}"

    async def start(self) -> None:
        for name in ("traces", "artifacts", "repositories"):
            (self.root / name).mkdir(parents=True, exist_ok=True)
        app = web.Application(client_max_size=4 << 20, middlewares=[self._watch])
        app.add_routes(self.runners.routes())
        app.add_routes([web.post("/api/v4/jobs/request", self.queue.answer)])
        app.add_routes(self.calls.routes())
        app.add_routes(self.artifacts.routes())
        app.add_routes(self.git.routes())
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.5)
        await self._runner.setup()
        site = web.TCPSite(self._runner, self.host, self.port, reuse_address=True)
        await site.start()
        if not self.port:
            self.port = self._runner.addresses[0][1]

    async def stop(self) -> None:
        self.queue.stir()
        if self._runner is not None:
            await self._runner.cleanup()
        if self._own is not None:
            self._own.cleanup()

    def register_runner(
        self, token: str = "", tags: Iterable[str] = (), **settings: Any
    ) -> RegisteredRunner:
        return self.runners.add(token, frozenset(tags), **settings)

    def enqueue(
        self, payload: dict[str, Any] | None = None, tags: Iterable[str] = ()
    ) -> CoordinatorJob:
        """Put a job into the queue; what the payload lacks is filled in as GitLab would."""
        return self.enqueue_whole(
            lambda number, token: payloads.complete(payload or {}, number, token, self.url), tags
        )

    def enqueue_whole(
        self, make: Callable[[int, str], dict[str, Any]], tags: Iterable[str] = ()
    ) -> CoordinatorJob:
        """Put a job into the queue whose payload is made whole from its id and token."""
        self.last_id += 1
        token = f"glcbt-{secrets.token_hex(12)}"
        job = CoordinatorJob(
            id=self.last_id,
            token=token,
            payload=make(self.last_id, token),
            tags=frozenset(tags),
            trace_file=self.root / "traces" / f"{self.last_id}.log",
        )
        self.jobs[job.id] = job
        job.enter("pending")
        self.queue.stir()
        return job

    def job(self, job_id: int) -> CoordinatorJob:
        return self.jobs[job_id]

    def cancel(self, job_id: int) -> None:
        """The cancel button: `canceling` when the runner knows that word, else `canceled`."""
        job = self.jobs[job_id]
        if job.is_over:
            return
        job.enter("canceling" if job.state == "running" and job.is_graceful else "canceled")

    def force_cancel(self, job_id: int) -> None:
        if not self.jobs[job_id].is_over:
            self.jobs[job_id].enter("canceled")

    async def wait_finished(self, job_id: int, timeout: float = 60) -> CoordinatorJob:
        job = self.jobs[job_id]
        async with asyncio.timeout(timeout):
            await job.finished.wait()
        return job

    async def follow(self, job_id: int) -> AsyncIterator[bytes]:
        """The bytes of a trace as they come, until the job is over."""
        job, offset = self.jobs[job_id], 0
        while True:
            changed = job.changed
            if job.trace_size > offset:
                with job.trace_file.open("rb") as file:
                    file.seek(offset)
                    data = file.read()
                offset += len(data)
                yield data
            elif job.is_over:
                return
            else:
                await changed.wait()

    def _is_open(self, token: str) -> bool:
        return any(job.token == token and job.state in ALIVE for job in self.jobs.values())

    @web.middleware
    async def _watch(self, request: web.Request, handler: Any) -> web.StreamResponse:
        """Note each request, and do wrong where a fault says so."""
        fault = self._fault(request)
        status = 0
        try:
            if fault is not None:
                answer = await self._misbehave(request, fault)
                if answer is not None:
                    status = answer.status
                    return answer
            response: web.StreamResponse = await handler(request)
            status = response.status
            if fault is not None and fault.kind == "drop_after":
                _drop(request)
            return response
        except web.HTTPException as error:
            status = error.status
            raise
        finally:
            self.requests.append((time.time(), request.method, request.path, status))

    def _fault(self, request: web.Request) -> Fault | None:
        if "/api/v4/jobs/" not in request.path:
            return None
        call = _CALLS.get(request.method, "artifact")
        if request.path.endswith("/artifacts"):
            call = "artifact"
        number = request.match_info.get("id", "0")
        return self.faults.take(call, int(number) if number.isdigit() else 0)

    async def _misbehave(self, request: web.Request, fault: Fault) -> web.Response | None:
        """Do what the fault says before the call; an answer of its own if it has one."""
        job = self.jobs.get(int(request.match_info.get("id", "0") or 0))
        match fault.kind:
            case "status":
                return web.Response(status=fault.status)
            case "drop":
                _drop(request)
            case "slow":
                await asyncio.sleep(fault.seconds)
            case "cancel" if job is not None:
                self.cancel(job.id)
            case "lose" if job is not None:
                job.lose_trace()
        return None


def _drop(request: web.Request) -> None:
    if request.transport is not None:
        request.transport.abort()
