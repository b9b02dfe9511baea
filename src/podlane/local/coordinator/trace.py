"""PUT /jobs/:id and PATCH /jobs/:id/trace, by the rules of the runner API."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass

from aiohttp import web

from podlane.local.coordinator.jobs import CoordinatorJob
from podlane.local.coordinator.runners import fail

_RANGE = re.compile(r"(\d+)-(\d+)")


@dataclass
class JobCalls:
    """`interval`: seconds between updates that runners are told. `pending_answers`: how often a
    final PUT with a checksum is answered 202 before it is accepted."""

    jobs: dict[int, CoordinatorJob]
    interval: int = 3
    pending_answers: int = 0
    limit_bytes: int = 0

    def routes(self) -> list[web.RouteDef]:
        return [
            web.put(r"/api/v4/jobs/{id:\d+}", self._update),
            web.patch(r"/api/v4/jobs/{id:\d+}/trace", self._append),
        ]

    async def _update(self, request: web.Request) -> web.Response:
        body = await request.json()
        job = self._find(request, str(body.get("token", "")))
        state = body.get("state")
        if state in ("running", "pending"):
            job.touched.append(time.time())
            return _answer(job, 200)
        if state not in ("success", "failed"):
            return _answer(job, 400)
        output = body.get("output") or {}
        checksum = output.get("checksum") or body.get("checksum") or ""
        job.final_tries += 1
        if checksum:
            if job.final_tries <= self.pending_answers:
                return _answer(job, 202, {"X-GitLab-Trace-Update-Interval": "1"})
            job.check(checksum, int(output.get("bytesize", 0)))
        reason = str(body.get("failure_reason", "")) if state == "failed" else ""
        job.finish(state, reason, int(body.get("exit_code") or 0))
        return _answer(job, 200)

    async def _append(self, request: web.Request) -> web.Response:
        job = self._find(request, "")
        found = _RANGE.fullmatch(request.headers.get("Content-Range", ""))
        if not found:
            return _answer(job, 400)
        data, start = await request.read(), int(found.group(1))
        if start == job.trace_size and data:
            job.append(data)
        if self.limit_bytes and max(job.trace_size, start) > self.limit_bytes:
            job.finish("failed", "trace_size_exceeded", 0)
            raise _gone(job)
        headers = {
            "Range": f"0-{job.trace_size}",
            "X-GitLab-Trace-Update-Interval": str(self.interval),
        }
        if job.trace_size == start + len(data):
            return _answer(job, 202, headers)
        job.mismatches += 1
        return _answer(job, 416, headers)

    def _find(self, request: web.Request, token: str) -> CoordinatorJob:
        job = self.jobs.get(int(request.match_info["id"]))
        given = token or request.headers.get("JOB-TOKEN", "")
        if job is None or given != job.token:
            raise fail(403, "403 Forbidden")
        if job.state not in ("running", "canceling"):
            raise _gone(job)
        return job


def _gone(job: CoordinatorJob) -> web.HTTPForbidden:
    return web.HTTPForbidden(
        text='{"message": "403 Forbidden - Job is not processing on runner"}',
        content_type="application/json",
        headers={"Job-Status": job.state},
    )


def _answer(
    job: CoordinatorJob, status: int, headers: dict[str, str] | None = None
) -> web.Response:
    return web.Response(
        status=status, text=str(status), headers={"Job-Status": job.state} | (headers or {})
    )
