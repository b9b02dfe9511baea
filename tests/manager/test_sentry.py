"""Errors in the log reach a Sentry on loopback: not too many, and nothing waits for them."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import pytest

from harness import http_server, wait
from harness.http_server import Call, Said
from podlane.core.text.token import Token
from podlane.manager.sentry import Sentry

log = logging.getLogger("podlane.test")


class Server:
    def __init__(self) -> None:
        self.calls: list[Call] = []
        self.answer = Said(200, {}, b"{}")

    def __call__(self, call: Call) -> Said:
        self.calls.append(call)
        return self.answer

    def messages(self) -> list[str]:
        bodies = [json.loads(call.body.split(b"\n")[2]) for call in self.calls]
        return [body["logentry"]["formatted"] for body in bodies]


@pytest.fixture
def server() -> Server:
    return Server()


@pytest.fixture
def dsn(server: Server) -> Iterator[Token]:
    with http_server.serve(server) as served:
        yield Token(f"{served.url.replace('://', '://key@')}/7")


@asynccontextmanager
async def serving(dsn: Token) -> AsyncIterator[Sentry]:
    sentry = Sentry()
    sentry.change(dsn)
    async with asyncio.TaskGroup() as tasks:
        task = tasks.create_task(sentry.serve())
        await asyncio.sleep(0)
        yield sentry
        task.cancel()


async def test_errors_are_sent_and_less_is_not(server: Server, dsn: Token) -> None:
    async with serving(dsn):
        log.warning("Not so bad")
        log.error("Bad", extra={"fields": {"runner": "one", "why": "glrt-0123456789abcdef"}})
        await wait.until("the event", lambda: bool(server.calls), 10)
    assert server.messages() == ["Bad"]
    assert server.calls[0].path == "/api/7/envelope/"
    assert b"glrt-" not in server.calls[0].body


async def test_the_same_line_is_sent_once_and_ten_of_all(server: Server, dsn: Token) -> None:
    async with serving(dsn):
        for _ in range(5):
            log.error("The same")
        for number in range(30):
            log.error("Line %d", number)
        await wait.until("ten events", lambda: len(server.calls) == 10, 10)
        await asyncio.sleep(0.1)
    assert server.messages() == ["The same", *[f"Line {number}" for number in range(9)]]


async def test_a_sentry_that_has_enough_is_left_alone(server: Server, dsn: Token) -> None:
    server.answer = Said(429, {"Retry-After": "60"}, b"")
    async with serving(dsn):
        log.error("One")
        await wait.until("the event", lambda: bool(server.calls), 10)
        await asyncio.sleep(0.1)
        log.error("Two")
        await asyncio.sleep(0.1)
    assert server.messages() == ["One"]


async def test_a_sentry_out_of_reach_is_said_once_and_not_to_itself(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with serving(Token("http://key@127.0.0.1:9/7")):
        for number in range(3):
            log.error("Line %d", number)

        def said() -> list[str]:
            return [r.getMessage() for r in caplog.records if "to Sentry" in r.getMessage()]

        await wait.until("a word on it", lambda: bool(said()), 10)
        await asyncio.sleep(0.1)
        assert len(said()) == 1


async def test_a_crash_is_sent_before_the_end(server: Server, dsn: Token) -> None:
    sentry = Sentry(fallback=dsn)
    sentry.change(Token(""))
    await sentry.crashed(ValueError("with words"))
    assert server.messages() == ["podlane ended"]
    assert b"with words" not in server.calls[0].body


async def test_without_a_project_nothing_is_kept(server: Server) -> None:
    async with serving(Token("")) as sentry:
        log.error("Bad")
        await sentry.crashed(ValueError("x"))
    assert not server.calls
