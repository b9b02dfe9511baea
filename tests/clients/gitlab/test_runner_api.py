"""The runner's side of the API: each status, long polls, repeats."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from typing import Any

import pytest

from harness.http_server import Answerer, Said, Server, always, serve
from podlane.clients.gitlab.calls import JobRequest
from podlane.clients.gitlab.runner_api import JobAnswer, RunnerApi, RunnerIdentity
from podlane.clients.http.retry import Retries
from podlane.clients.http.session import HttpSession
from podlane.core.text.token import Token
from podlane.errors import Gone, Rejected, ServiceError, Unavailable

JSON = {"Content-Type": "application/json; charset=utf-8"}
TOKEN = Token("glrt-hush")
ASK = JobRequest(TOKEN, "r_1", {"name": "podlane"})
Open = Callable[[Answerer], tuple[RunnerApi, Server]]


@pytest.fixture
async def open_api() -> AsyncIterator[Open]:
    async with AsyncExitStack() as stack:

        def opened(answer: Answerer) -> tuple[RunnerApi, Server]:
            server = stack.enter_context(serve(answer))
            session = HttpSession(user_agent="podlane test")
            stack.push_async_callback(session.close)
            retries = Retries(tries=4, first=0.001, most=0.002)
            return RunnerApi(session, server.url, retries=retries), server

        yield opened


def said(status: int, body: Any = None, **headers: str) -> Said:
    text = b"" if body is None else json.dumps(body).encode()
    return Said(status, {**JSON, **{k.replace("_", "-"): v for k, v in headers.items()}}, text)


@pytest.mark.parametrize(
    ("answer", "read"),
    [
        (said(201, {"id": 1}), JobAnswer(b'{"id": 1}', "")),
        (said(204, None, X_GitLab_Last_Update="f00"), JobAnswer(None, "f00")),
        (said(204), JobAnswer(None, "")),
        (said(409, None), JobAnswer(None, "")),
        (said(422, {"message": "orphaned"}, X_GitLab_Last_Update="b"), JobAnswer(None, "b")),
    ],
)
async def test_job_or_none(open_api: Open, answer: Said, read: JobAnswer) -> None:
    api, server = open_api(always(answer))
    assert await api.request_job(ASK) == read
    assert server.calls[0].headers["user-agent"] == "podlane test"


@pytest.mark.parametrize(
    ("answer", "kind", "text"),
    [
        (said(403, {"message": "403 Forbidden"}), Rejected, "answered 403 (403 Forbidden)"),
        (said(400, {"error": "token is missing"}), Rejected, "400 (token is missing)"),
        (said(404, None), Gone, "answered 404"),
        (said(500, {"message": "x" * 999}), Unavailable, "500 (" + "x" * 256 + ")"),
        (Said(502, {}, b"<html>"), Unavailable, "answered 502"),
        (Said(201, {"Content-Type": "text/html"}, b"<p>"), Unavailable, "text/html, not JSON"),
        (Said(201, {}, b"{}"), Unavailable, "nothing, not JSON"),
        (Said(raw=b""), Unavailable, "the connection was closed"),
    ],
)
async def test_no_answer_to_use(
    open_api: Open, answer: Said, kind: type[ServiceError], text: str
) -> None:
    api, server = open_api(always(answer))
    with pytest.raises(kind) as caught:
        await api.request_job(ASK)
    assert text in caught.value.message
    assert "hush" not in str(caught.value)
    assert len(server.calls) == 1


@pytest.mark.parametrize("status", [429, 503])
async def test_a_question_for_a_job_is_not_repeated_but_the_pause_is_told(
    open_api: Open, status: int
) -> None:
    api, server = open_api(always(said(status, None, Retry_After="60")))
    with pytest.raises(Unavailable) as caught:
        await api.request_job(ASK)
    assert caught.value.retry_after == 60
    assert len(server.calls) == 1


IDENTITY = {"id": 5, "token": "glrt-new", "token_expires_at": "2027-01-01T00:00:00Z"}
Act = Callable[[RunnerApi], Awaitable[object]]
ACTS: dict[str, tuple[Act, int]] = {
    "verify": (lambda api: api.verify(TOKEN, "r_1", {}), 200),
    "register": (lambda api: api.register(TOKEN, {"description": "d"}), 201),
    "reset": (lambda api: api.reset_token(TOKEN), 201),
    "reset by admin": (lambda api: api.reset_token_by_admin(5, Token("pat")), 201),
}


@pytest.mark.parametrize("name", ACTS)
async def test_identity_of_a_runner(open_api: Open, name: str) -> None:
    act, status = ACTS[name]
    api, _ = open_api(always(said(status, IDENTITY)))
    assert await act(api) == RunnerIdentity(5, Token("glrt-new"), "2027-01-01T00:00:00Z")


async def test_identity_with_nulls_keeps_the_token(open_api: Open) -> None:
    api, _ = open_api(always(said(200, {"id": 5, "token": None, "token_expires_at": None})))
    assert await api.verify(TOKEN, "r_1", {}) == RunnerIdentity(5, TOKEN, "")


@pytest.mark.parametrize("name", ACTS)
async def test_an_invalid_token_is_not_the_same_as_no_answer(open_api: Open, name: str) -> None:
    api, server = open_api(always(said(403, {"message": {"token": ["is bad", "really"]}})))
    with pytest.raises(Rejected, match=r"token: is bad, really") as caught:
        await ACTS[name][0](api)
    assert caught.value.status == 403
    assert len(server.calls) == 1
    server.answer = always(Said(raw=b""))
    with pytest.raises(Unavailable):
        await ACTS[name][0](api)


@pytest.mark.parametrize("name", ACTS)
async def test_a_busy_server_is_asked_again(open_api: Open, name: str) -> None:
    act, status = ACTS[name]
    answers = (said(429, None, Retry_After="0"), said(500), said(520), said(status, IDENTITY))
    api, server = open_api(always(*answers))
    assert await act(api)
    assert len(server.calls) == 4
    assert len({call.body for call in server.calls}) == 1


async def test_a_server_that_stays_busy_is_told(open_api: Open) -> None:
    api, server = open_api(always(said(503, {"message": "migrating"})))
    with pytest.raises(Unavailable, match="migrating"):
        await api.verify(TOKEN, "r_1", {})
    assert len(server.calls) == 4


async def test_statuses_that_are_not_repeated(open_api: Open) -> None:
    api, server = open_api(always(said(501)))
    with pytest.raises(Rejected):
        await api.verify(TOKEN, "r_1", {})
    assert len(server.calls) == 1


async def test_unregistering(open_api: Open) -> None:
    api, server = open_api(always(Said(204)))
    await api.unregister(TOKEN)
    await api.unregister_manager(TOKEN, "r_1")
    assert [call.path for call in server.calls] == ["/api/v4/runners", "/api/v4/runners/managers"]
    server.answer = always(said(404, {"message": "no manager"}))
    with pytest.raises(Gone, match="no manager"):
        await api.unregister_manager(TOKEN, "r_1")
