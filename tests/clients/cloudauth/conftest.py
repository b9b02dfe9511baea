"""Conversations are held with a server on loopback, by both senders."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from podlane.clients.cloudauth.flow import Flow, run_blocking
from podlane.clients.cloudauth.send import run
from podlane.clients.http.blocking import BlockingHttp
from podlane.clients.http.session import HttpSession

Hold = Callable[[Flow[Any]], Any]


def _hold_blocking(flow: Flow[Any]) -> Any:
    http = BlockingHttp(user_agent="test")
    try:
        return run_blocking(flow, http, timeout=5)
    finally:
        http.close()


def _hold_asyncio(flow: Flow[Any]) -> Any:
    async def hold() -> Any:
        session = HttpSession(user_agent="test", service="store")
        try:
            return await run(flow, session, timeout=5)
        finally:
            await session.close()

    return asyncio.run(hold())


@pytest.fixture(params=[_hold_blocking, _hold_asyncio], ids=["blocking", "asyncio"])
def hold(request: pytest.FixtureRequest) -> Hold:
    found: Hold = request.param
    return found
