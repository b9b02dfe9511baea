"""A job's side of the API: the manager's sender and the helper's read the same answers alike."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest

from harness.http_server import Said, Server, always, serve
from podlane.clients.gitlab.blocking import BlockingJobApi
from podlane.clients.gitlab.calls import JobAccess, Update
from podlane.clients.gitlab.job_api import JobApi
from podlane.clients.http.session import HttpSession
from podlane.core.text.token import Token
from podlane.core.trace.reply import Reply, Word
from podlane.errors import Unavailable

Ask = Callable[[str, Server], Awaitable[Reply]]
CALLS = ("update", "append", "size")


@pytest.fixture(params=["asyncio", "blocking"])
async def ask(request: pytest.FixtureRequest) -> AsyncIterator[Ask]:
    """Make one of the three calls by one of the two senders."""
    session = HttpSession(user_agent="test")

    async def by_asyncio(name: str, server: Server) -> Reply:
        access, api = access_to(server), JobApi(session)
        match name:
            case "update":
                return await api.update(access, Update("running"))
            case "append":
                return await api.append_trace(access, 3, b"text")
            case _:
                return await api.trace_size(access)

    async def by_blocking(name: str, server: Server) -> Reply:
        api = BlockingJobApi(access_to(server), user_agent="test")
        made: dict[str, Callable[[], Reply]] = {
            "update": lambda: api.update(Update("running")),
            "append": lambda: api.append_trace(3, b"text"),
            "size": api.trace_size,
        }
        try:
            return await asyncio.to_thread(made[name])
        finally:
            api.close()

    yield by_asyncio if request.param == "asyncio" else by_blocking
    await session.close()


def access_to(server: Server) -> JobAccess:
    return JobAccess(server.url, 7, Token("hush"), {})


HEADERS = {"Job-Status": "running", "X-GitLab-Trace-Update-Interval": "60", "Range": "0-11"}


@pytest.mark.parametrize(
    ("call", "status", "headers", "reply"),
    [
        ("update", 200, {}, Reply(Word.DONE)),
        ("update", 202, {"X-GitLab-Trace-Update-Interval": "2"}, Reply(Word.LATER, interval=2)),
        ("update", 400, {}, Reply(Word.AGAIN)),
        ("update", 404, {}, Reply(Word.STOP)),
        ("update", 409, {}, Reply(Word.STOP)),
        ("update", 412, {}, Reply(Word.FROM_START)),
        ("update", 429, {"Retry-After": "9"}, Reply(Word.AGAIN, wait=9)),
        ("update", 500, {}, Reply(Word.AGAIN)),
        ("update", 403, {"Job-Status": "success"}, Reply(Word.STOP, job_status="success")),
        ("update", 200, {"Job-Status": "canceled"}, Reply(Word.STOP, job_status="canceled")),
        (
            "update",
            200,
            {"Job-Status": "canceling"},
            Reply(Word.DONE, is_canceling=True, job_status="canceling"),
        ),
        ("append", 202, HEADERS, Reply(Word.DONE, False, "running", 11, 60)),
        ("append", 416, {"Range": "0-5"}, Reply(Word.OFFSET, offset=5)),
        ("append", 403, {}, Reply(Word.STOP)),
        ("append", 404, {}, Reply(Word.AGAIN)),
        ("append", 503, {}, Reply(Word.AGAIN)),
        ("size", 416, {"Range": "0-2283"}, Reply(Word.OFFSET, offset=2283)),
    ],
)
async def test_answers(
    ask: Ask, call: str, status: int, headers: dict[str, str], reply: Reply
) -> None:
    with serve(always(Said(status, headers, b"whatever"))) as server:
        assert await ask(call, server) == reply
    assert len(server.calls) == 1


@pytest.mark.parametrize("call", CALLS)
async def test_no_answer_is_unavailable(ask: Ask, call: str) -> None:
    with serve(always(Said(raw=b""))) as server, pytest.raises(Unavailable) as caught:
        await ask(call, server)
    assert "hush" not in str(caught.value)


@pytest.mark.parametrize("call", CALLS)
async def test_both_senders_send_the_same(call: str) -> None:
    heard: list[Any] = []
    with serve(always(Said())) as server:
        session = HttpSession(user_agent="test")
        blocking = BlockingJobApi(access_to(server), user_agent="test")
        if call == "update":
            await JobApi(session).update(access_to(server), Update("running"))
            await asyncio.to_thread(blocking.update, Update("running"))
        elif call == "append":
            await JobApi(session).append_trace(access_to(server), 0, b"a")
            await asyncio.to_thread(blocking.append_trace, 0, b"a")
        else:
            await JobApi(session).trace_size(access_to(server))
            await asyncio.to_thread(blocking.trace_size)
        await session.close()
        blocking.close()
        for one in server.calls:
            varying = ("x-request-id", "accept", "host")
            kept = {name: value for name, value in one.headers.items() if name not in varying}
            heard.append((one.method, one.path, one.body, kept))
    assert heard[0] == heard[1]
