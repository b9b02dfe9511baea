"""Real stores, see `stores/fixtures.py`."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import Any

import pytest

from manager.stores.rig import Open
from podlane.clients.http.session import HttpSession
from podlane.core.config.model import RunnerConfig
from podlane.core.text.token import convert
from podlane.manager.stores.shared import SharedCache, open_cache
from stores.fixtures import any_s3, azurite, one_s3

__all__ = ["any_s3", "azurite", "one_s3"]


@pytest.fixture
async def open_it() -> AsyncIterator[Open]:
    sessions = []

    def opened(cache: dict[str, Any], environ: Mapping[str, str] | None = None) -> SharedCache:
        raw = {"url": "https://g.test", "token": "glrt-abcdefghijkl", "cache": cache}
        session = HttpSession(user_agent="test", service="store")
        sessions.append(session)
        found = open_cache(convert(raw, RunnerConfig), session, environ or {})
        assert found
        return found

    yield opened
    for session in sessions:
        await session.close()
