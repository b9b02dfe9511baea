"""A job's side of the API, blocking: for the helper in the pod.

One instance for each thread: it keeps one connection.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from podlane.clients.gitlab import calls
from podlane.clients.gitlab.calls import JobAccess, Update
from podlane.clients.http.blocking import BlockingHttp
from podlane.core.trace.reply import Reply, parse_trace, parse_update

if TYPE_CHECKING:
    from podlane.clients.gitlab.artifacts import ArtifactApi


class BlockingJobApi:
    """`client_file`: our own certificate and its key, for a GitLab that asks for one."""

    def __init__(
        self,
        access: JobAccess,
        *,
        user_agent: str,
        ca_certificates: str = "",
        client_file: str = "",
    ) -> None:
        self._access = access
        self._http = BlockingHttp(
            user_agent=user_agent, ca_text=ca_certificates, client_file=client_file
        )

    def close(self) -> None:
        self._http.close()

    def update(self, update: Update) -> Reply:
        answer = self._http.send(calls.update_job(self._access, update))
        return parse_update(answer.status, answer.headers, update.state)

    def append_trace(self, offset: int, data: bytes, *, is_debug: bool = False) -> Reply:
        request = calls.append_trace(self._access, offset, data, is_debug=is_debug)
        answer = self._http.send(request)
        return parse_trace(answer.status, answer.headers)

    def trace_size(self) -> Reply:
        """Reply with `offset`: the bytes that GitLab holds."""
        answer = self._http.send(calls.trace_size(self._access))
        return parse_trace(answer.status, answer.headers)

    @cached_property
    def artifacts(self) -> ArtifactApi:
        from podlane.clients.gitlab.artifacts import ArtifactApi

        return ArtifactApi(self._http, self._access)
