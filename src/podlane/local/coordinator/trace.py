"""PUT /jobs/:id and PATCH /jobs/:id/trace, by the rules of the runner API."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from podlane.local.coordinator.answers import fail, find_job, not_processing, read_object
from podlane.local.coordinator.jobs import CoordinatorJob
from podlane.local.coordinator.payloads import KNOWN_REASONS
from podlane.local.coordinator.queue import Queue

_PIECE = 1 << 20
_RANGE = re.compile(r"\s*(\d{1,15})-(\d{1,15})\s*")


@dataclass
class JobCalls:
    """`interval`: seconds between updates that runners are told (GitLab: 3 with a reader, else
    60). `pending_answers`: how often a final PUT with a checksum is answered 202 before it is
    accepted; the pause that it asks for grows with the age of the first. `limit_bytes` of a trace
    (0: none).
    `tells_last_byte`: the Range of an answer ends with the last byte, as one other server has it.

    `breaches` lists what GitLab lets pass although the protocol says otherwise.
    """

    jobs: dict[int, CoordinatorJob]
    queue: Queue
    interval: int = 3
    pending_answers: int = 0
    limit_bytes: int = 100 << 20
    tells_last_byte: bool = False
    breaches: list[str] = field(default_factory=list)

    def routes(self) -> list[web.RouteDef]:
        return [
            web.put(r"/api/v4/jobs/{id:\d+}", self._update),
            web.patch(r"/api/v4/jobs/{id:\d+}/trace", self._append),
        ]

    async def _update(self, request: web.Request) -> web.Response:
        body = await read_object(request)
        job = find_job(request, self.jobs, str(body.get("token") or ""))
        state = body.get("state")
        if job.is_reserved:
            return self._acknowledge(job, state)
        if not job.is_processing:
            raise not_processing(job)
        if state == "running":
            job.touch()
            return _answer(job, 200)
        if state not in ("success", "failed"):
            return _answer(job, 400)
        return self._finish(job, body)

    def _acknowledge(self, job: CoordinatorJob, state: Any) -> web.Response:
        """The second phase: only `running` takes the job, `pending` keeps it a while longer."""
        if state == "pending":
            self.queue.keep(job)
            return _answer(job, 200)
        if state != "running":
            return _answer(job, 400)
        self.queue.release(job)
        job.enter("running")
        job.touch()
        return _answer(job, 200)

    def _finish(self, job: CoordinatorJob, body: dict[str, Any]) -> web.Response:
        output = body.get("output") or {}
        checksum = str(output.get("checksum") or body.get("checksum") or "")
        job.final_tries += 1
        job.moments.setdefault("final_update", time.time())
        if checksum:
            job.check(checksum, int(output.get("bytesize") or 0))
            if job.final_tries <= self.pending_answers:
                wait = str(_pause(time.time() - job.moments["final_update"]))
                return _answer(job, 202, {"X-GitLab-Trace-Update-Interval": wait})
        job.finish(body["state"], _reason(body), int(body.get("exit_code") or 0))
        return _answer(job, 200)

    async def _append(self, request: web.Request) -> web.Response:
        job = find_job(request, self.jobs)
        if not job.is_processing:
            raise not_processing(job)
        found = _RANGE.fullmatch(request.headers.get("Content-Range", ""))
        if not found:
            raise fail(400, "400 Missing header Content-Range", {"Job-Status": job.state})
        start, data = int(found.group(1)), await request.read()
        # The body was awaited: the job may have been cancelled meanwhile.
        if not job.is_processing:
            raise not_processing(job)
        self._note(job, start, int(found.group(2)), data)
        if self.limit_bytes and start + len(data) > self.limit_bytes:
            job.finish("failed", "trace_size_exceeded", 0)
            raise not_processing(job)
        if start == 0:
            job.is_debug = request.query.get("debug_trace") == "true"
        return self._store(job, start, data)

    def _store(self, job: CoordinatorJob, start: int, data: bytes) -> web.Response:
        """Append at the exact end only; the same bytes again are fine, for an answer gets lost."""
        if data and start == job.trace_size:
            job.append(data)
        headers = {
            "Range": f"0-{max(job.trace_size - self.tells_last_byte, 0)}",
            "X-GitLab-Trace-Update-Interval": str(self.interval),
        }
        if job.trace_size == start + len(data):
            return _answer(job, 202, headers)
        job.mismatches += 1
        return _answer(job, 416, headers)

    def _note(self, job: CoordinatorJob, start: int, end: int, data: bytes) -> None:
        if data and end != start + len(data) - 1:
            given = f"{start}-{end} for {len(data)} bytes"
            self.breaches.append(f"job {job.id}: Content-Range {given}")
        if not data and (start, end) != (1, 1):
            self.breaches.append(f"job {job.id}: nothing to append at {start}-{end}")
        if len(data) > _PIECE:
            self.breaches.append(f"job {job.id}: {len(data)} bytes in one piece")


def _pause(age: float) -> int:
    """GitLab's back-off while it keeps the trace: 1 s up to 3 s of age, then doubled with it."""
    return next((1 << step for step in range(6) if age < 4 << step), 64)


def _reason(body: dict[str, Any]) -> str:
    if body["state"] != "failed":
        return ""
    reason = str(body.get("failure_reason") or "unknown_failure")
    return reason if reason in KNOWN_REASONS else "unknown_failure"


def _answer(
    job: CoordinatorJob, status: int, headers: dict[str, str] | None = None
) -> web.Response:
    return web.Response(
        status=status, text=str(status), headers={"Job-Status": job.state} | (headers or {})
    )
