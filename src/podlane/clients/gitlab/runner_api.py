"""The runner's side of the API: ask for jobs, register, verify, unregister, reset the token."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import msgspec

from podlane.clients.gitlab import answers, calls
from podlane.clients.gitlab.calls import JobRequest
from podlane.clients.http import retry
from podlane.clients.http.request import Answer, Request
from podlane.clients.http.retry import Retries
from podlane.clients.http.session import HttpSession
from podlane.core.text.token import Token

_LONG_POLL_SECONDS = 120.0
RETRIES = Retries()


class JobAnswer(msgspec.Struct, frozen=True):
    """`body` is the payload as sent, None when there is no job now."""

    body: bytes | None
    last_update: str = ""


class RunnerIdentity(msgspec.Struct, frozen=True):
    id: int
    token: Token
    token_expires_at: str = ""


class RunnerApi:
    """One GitLab. A question for a job is asked once; the other calls are repeated as `retries`
    says when GitLab is busy. No answer at all is told at once."""

    def __init__(self, session: HttpSession, url: str, *, retries: Retries = RETRIES) -> None:
        self._session = session
        self._url = url
        self._retries = retries

    def ca_certificates(self) -> str:
        """What a job needs to trust this GitLab (PEM), known once GitLab has answered by TLS."""
        return self._session.ca_certificates()

    def client_certificate(self) -> tuple[str, str]:
        """What a job needs to be let in by this GitLab: certificate and key (PEM), or nothing."""
        return self._session.client_certificate()

    async def request_job(self, ask: JobRequest) -> JobAnswer:
        """Ask once. Rejected: the token is not good (403). Unavailable: ask again later."""
        request = calls.request_job(self._url, ask)
        answer = await self._session.send(request, timeout=_LONG_POLL_SECONDS)
        last_update = answer.headers.get("x-gitlab-last-update", "")
        if answer.status == 201:
            answers.require_json("asking for a job", answer)
            return JobAnswer(answer.body, last_update)
        if answer.status in (204, 409, 422):
            return JobAnswer(None, last_update)
        raise answers.error_of("asking for a job", answer)

    async def verify(self, token: Token, system_id: str, info: dict[str, Any]) -> RunnerIdentity:
        """Rejected: the token is not valid. Unavailable: that could not be found out."""
        answer = await self._send(calls.verify(self._url, token, system_id, info))
        return _identity("verifying the runner", answer, 200, token)

    async def register(self, token: Token, fields: dict[str, Any]) -> RunnerIdentity:
        answer = await self._send(calls.register(self._url, token, fields))
        return _identity("registering the runner", answer, 201, token)

    async def unregister(self, token: Token) -> None:
        await self._delete("unregistering the runner", calls.unregister(self._url, token))

    async def unregister_manager(self, token: Token, system_id: str) -> None:
        request = calls.unregister(self._url, token, system_id)
        await self._delete("unregistering the runner manager", request)

    async def reset_token(self, token: Token) -> RunnerIdentity:
        answer = await self._send(calls.reset_token(self._url, token))
        return _identity("resetting the token", answer, 201, token)

    async def reset_token_by_admin(self, runner_id: int, private_token: Token) -> RunnerIdentity:
        request = calls.reset_token_by_admin(self._url, runner_id, private_token)
        return _identity("resetting the token", await self._send(request), 201, Token(""))

    async def _delete(self, what: str, request: Request) -> None:
        answer = await self._send(request)
        if answer.status != 204:
            raise answers.error_of(what, answer)

    async def _send(self, request: Request) -> Answer:
        answer = await self._session.send(request)
        for pause in self._retries.pauses():
            if not retry.is_busy(answer.status):
                break
            told = retry.told_pause(answer.headers, time.time())
            await asyncio.sleep(pause if told is None else told)
            answer = await self._session.send(request)
        return answer


def _identity(what: str, answer: Answer, wanted: int, token: Token) -> RunnerIdentity:
    if answer.status not in (wanted, 200, 201):  # some servers take one for the other
        raise answers.error_of(what, answer)
    found = answers.decode_object(what, answer)
    return RunnerIdentity(
        id=int(found.get("id") or 0),
        token=Token(str(found.get("token") or token.reveal())),
        token_expires_at=str(found.get("token_expires_at") or ""),
    )
