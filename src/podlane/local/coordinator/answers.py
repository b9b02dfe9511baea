"""How the embedded GitLab words a refusal, and how it reads a JSON body and a job's token."""

from __future__ import annotations

import json
from typing import Any

from aiohttp import web

from podlane.local.coordinator.jobs import CoordinatorJob


def fail(
    status: int, message: str | dict[str, list[str]], headers: dict[str, str] | None = None
) -> web.HTTPException:
    """GitLab's own form of a refusal: `{"message": ...}`."""
    error = web.HTTPException(
        text=json.dumps({"message": message}), content_type="application/json", headers=headers
    )
    error.set_status(status)
    return error


async def read_object(request: web.Request) -> dict[str, Any]:
    """The JSON object of a body; none at all counts as an empty one."""
    body = await request.read()
    if not body:
        return {}
    try:
        found = json.loads(body)
    except ValueError as error:
        raise fail(400, "400 Bad request - the body is not JSON") from error
    if not isinstance(found, dict):
        raise fail(400, "400 Bad request - the body is not an object")
    return found


def find_job(
    request: web.Request, jobs: dict[int, CoordinatorJob], token: str = ""
) -> CoordinatorJob:
    """The job of a path, if the request shows its token; an unknown job is 403, not 404."""
    job = jobs.get(int(request.match_info["id"]))
    given = token or request.headers.get("JOB-TOKEN", "") or request.query.get("token", "")
    if job is None or given != job.token:
        raise fail(403, "403 Forbidden")
    return job


def not_processing(job: CoordinatorJob) -> web.HTTPException:
    return fail(403, "403 Forbidden - Job is not processing on runner", {"Job-Status": job.state})
