"""The embedded GitLab: jobs in, runners served, everything they said kept for whoever asks.

Written from the runner API's protocol, not from our clients. Serves one machine.
"""

from __future__ import annotations

import asyncio
import secrets
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Iterable
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from aiohttp import web

from podlane.local.coordinator import payloads
from podlane.local.coordinator.artifacts import Artifacts
from podlane.local.coordinator.faults import Faults, Handler, call_of
from podlane.local.coordinator.git import GitServer
from podlane.local.coordinator.jobs import CoordinatorJob
from podlane.local.coordinator.lfs import LfsServer
from podlane.local.coordinator.listener import StateListener
from podlane.local.coordinator.queue import Queue
from podlane.local.coordinator.runners import RegisteredRunner, Runners
from podlane.local.coordinator.trace import JobCalls

_LARGEST_BODY = 16 << 20
_TRACE_BLOCK = 1 << 20


class Asked(NamedTuple):
    """One request; `status` 0: no answer came. Neither query nor headers: they hold tokens."""

    at: float
    method: str
    path: str
    status: int
    call: str
    job: int
    agent: str


class Coordinator:
    """`root` holds traces, artifacts and repositories; a temporary folder if none is given."""

    def __init__(self, root: Path | None = None, host: str = "127.0.0.1", port: int = 0) -> None:
        self._own = None if root else tempfile.TemporaryDirectory(prefix="podlane-gitlab-")
        self.root = root or Path(self._own.name if self._own else "")
        self.host, self.port = host, port
        self.runners = Runners()
        self.jobs: dict[int, CoordinatorJob] = {}
        self.faults = Faults(self.jobs, {"cancel": self.cancel, "force_cancel": self.force_cancel})
        self.queue = Queue(self.runners, self.jobs)
        self.calls = JobCalls(self.jobs, self.queue)
        self.artifacts = Artifacts(self.root / "artifacts", self.jobs)
        self.git = GitServer(self.root / "repositories", self._is_open)
        self.lfs = LfsServer(self.root / "lfs", self.git.may)
        self.requests: list[Asked] = []
        self.last_id = 1000
        self.more_routes: list[web.RouteDef] = []
        self._listeners: list[StateListener] = []
        self._runner: web.AppRunner | None = None

    @property
    def url(self) -> str:
        return f"http://{self.host}:{self.port}"

    async def __aenter__(self) -> Coordinator:
        await self.start()
        return self

    async def __aexit__(self, *exception: object) -> None:
        await self.stop()

    async def start(self) -> None:
        for name in ("traces", "artifacts", "repositories"):
            (self.root / name).mkdir(parents=True, exist_ok=True)
        app = web.Application(client_max_size=_LARGEST_BODY, middlewares=[self._watch])
        app.add_routes(self.runners.routes())
        app.add_routes([web.post("/api/v4/jobs/request", self.queue.answer)])
        app.add_routes(self.calls.routes())
        app.add_routes(self.artifacts.routes())
        app.add_routes(self.lfs.routes())
        app.add_routes(self.more_routes)
        app.add_routes(self.git.routes())
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.5)
        await self._runner.setup()
        site = web.TCPSite(self._runner, self.host, self.port, reuse_address=True)
        await site.start()
        if not self.port:
            self.port = self._runner.addresses[0][1]

    async def stop(self) -> None:
        self.queue.close()
        for listener in list(self._listeners):
            listener.close()
        if self._runner is not None:
            await self._runner.cleanup()
        if self._own is not None:
            self._own.cleanup()

    def register_runner(
        self, token: str = "", tags: Iterable[str] = (), **settings: Any
    ) -> RegisteredRunner:
        """`settings`: run_untagged, paused, description, maximum_timeout."""
        return self.runners.add(token, frozenset(tags), **settings)

    def change_runner(self, runner: RegisteredRunner, **settings: Any) -> None:
        """Change tags, run_untagged, paused…, as on GitLab's pages; its held question ends."""
        for name, value in settings.items():
            setattr(runner, name, frozenset(value) if name == "tags" else value)
        runner.tick()

    def enqueue(
        self,
        payload: dict[str, Any] | None = None,
        tags: Iterable[str] = (),
        *,
        required_features: Iterable[str] = (),
    ) -> CoordinatorJob:
        """Put a job into the queue; what the payload lacks is filled in as GitLab would."""
        given = payload or {}
        return self.enqueue_whole(
            partial(self._complete, given),
            tags,
            job_id=int(given.get("id") or 0),
            required_features=required_features,
        )

    def enqueue_whole(
        self,
        make: Callable[[int, str], dict[str, Any]],
        tags: Iterable[str] = (),
        *,
        job_id: int = 0,
        token: str = "",
        required_features: Iterable[str] = (),
    ) -> CoordinatorJob:
        """Put a job into the queue whose payload is made whole from its id and token."""
        job_id = job_id or self.last_id + 1
        if job_id in self.jobs:
            raise ValueError(f"there is a job {job_id} already")
        self.last_id = max(self.last_id, job_id)
        token = token or f"glcbt-64_{secrets.token_hex(10)}"
        job = CoordinatorJob(
            id=job_id,
            token=token,
            payload=make(job_id, token),
            tags=frozenset(tags),
            trace_file=self.root / "traces" / f"{job_id}.log",
            required_features=frozenset(required_features),
            tell=self._tell,
        )
        self.jobs[job_id] = job
        job.enter("created")
        job.enter("pending")
        self.queue.stir(job.tags)
        return job

    def _complete(self, given: dict[str, Any], job_id: int, token: str) -> dict[str, Any]:
        """Fill a payload up, and give its commit the pipeline's own ref, which it asks for."""
        project = (given.get("job_info") or {}).get("project_full_path", payloads.DEMO_PROJECT)
        own = {"id": job_id, "token": token}
        whole = payloads.complete(given | own, self.url, self.git.head(project))
        pipeline = whole["job_info"]["pipeline_id"]
        self.git.keep_pipeline(project, pipeline, whole["git_info"]["sha"])
        return whole

    def job(self, job_id: int) -> CoordinatorJob:
        return self.jobs[job_id]

    def cancel(self, job_id: int) -> None:
        """The cancel button: `canceling` when the runner knows that word, else `canceled`."""
        job = self.jobs[job_id]
        if job.state == "running" and job.is_graceful:
            job.enter("canceling")
        elif job.state != "canceling":
            self.force_cancel(job_id)

    def force_cancel(self, job_id: int) -> None:
        job = self.jobs[job_id]
        if not job.is_over:
            self.queue.release(job)
            job.enter("canceled")

    def listen(self) -> StateListener:
        """The state changes of all jobs from now on: `async for change in coordinator.listen()`."""
        return StateListener(self._listeners)

    async def wait_finished(self, job_id: int, timeout: float = 60) -> CoordinatorJob:
        return await self.wait_until(job_id, lambda job: job.is_over, timeout)

    async def wait_state(self, job_id: int, *states: str, timeout: float = 30) -> CoordinatorJob:
        """Wait until the job is in one of the states, or for good in another."""
        job = await self.wait_until(job_id, lambda job: job.state in states or job.is_over, timeout)
        if job.state not in states:
            raise AssertionError(f"job {job_id} is {job.state}: {job.failure_reason}")
        return job

    async def wait_trace(self, job_id: int, text: bytes, timeout: float = 30) -> CoordinatorJob:
        return await self.wait_until(job_id, lambda job: text in job.trace, timeout)

    async def wait_until(
        self, job_id: int, is_so: Callable[[CoordinatorJob], bool], timeout: float = 30
    ) -> CoordinatorJob:
        """Wait for any change of the job, its trace and its artifacts to make `is_so` true."""
        job = self.jobs[job_id]
        try:
            async with asyncio.timeout(timeout):
                while not is_so(job):
                    await job.changed.wait()
        except TimeoutError as error:
            seen = f"{job.state}, handed out {job.handed_out} times, {job.trace_size} bytes"
            raise TimeoutError(f"job {job_id} after {timeout} s: {seen}") from error
        return job

    async def follow(self, job_id: int) -> AsyncIterator[bytes]:
        """The bytes of a trace as they come, until the job is over; none of them twice."""
        job, offset = self.jobs[job_id], 0
        while True:
            changed = job.changed
            if job.trace_size > offset:
                data = job.read_trace(offset, _TRACE_BLOCK)
                offset += len(data)
                yield data
            elif job.is_over:
                return
            else:
                await changed.wait()

    def _is_open(self, token: str) -> bool:
        return any(job.token == token and job.has_token for job in self.jobs.values())

    def _tell(self, job: CoordinatorJob) -> None:
        for listener in list(self._listeners):
            listener.hear(job)

    @web.middleware
    async def _watch(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Note each request, and do wrong where a fault says so."""
        at, status = time.time(), 0
        try:
            response = await self.faults.serve(request, handler)
            is_closing = request.transport is None or request.transport.is_closing()
            status = 0 if is_closing else response.status
            return response
        except web.HTTPException as error:
            status = error.status
            raise
        finally:
            call, job_id = call_of(request.method, request.path)
            agent = request.headers.get("User-Agent", "")
            self.requests.append(
                Asked(at, request.method, request.path, status, call, job_id, agent)
            )
