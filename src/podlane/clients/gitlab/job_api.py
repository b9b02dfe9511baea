"""A job's side of the API, on asyncio: for the manager, when it speaks for a job."""

from __future__ import annotations

from podlane.clients.gitlab import calls
from podlane.clients.gitlab.calls import JobAccess, Update
from podlane.clients.http.session import HttpSession
from podlane.core.trace.reply import Reply, parse_trace, parse_update


class JobApi:
    def __init__(self, session: HttpSession) -> None:
        self._session = session

    async def update(self, job: JobAccess, update: Update) -> Reply:
        answer = await self._session.send(calls.update_job(job, update))
        return parse_update(answer.status, answer.headers, update.state)

    async def append_trace(self, job: JobAccess, offset: int, data: bytes) -> Reply:
        answer = await self._session.send(calls.append_trace(job, offset, data))
        return parse_trace(answer.status, answer.headers)

    async def trace_size(self, job: JobAccess) -> Reply:
        """Reply with `offset`: the bytes that GitLab holds."""
        answer = await self._session.send(calls.trace_size(job))
        return parse_trace(answer.status, answer.headers)
