"""An embedded GitLab on a free port, and a caller for it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest

from local.coordinator.caller import Caller
from podlane.local.coordinator import Coordinator


@pytest.fixture
async def gitlab(tmp_path: Path) -> AsyncIterator[Coordinator]:
    coordinator = Coordinator(tmp_path / "gitlab")
    await coordinator.start()
    yield coordinator
    await coordinator.stop()


@pytest.fixture
async def caller(gitlab: Coordinator) -> AsyncIterator[Caller]:
    timeout = aiohttp.ClientTimeout(total=10)
    async with aiohttp.ClientSession(timeout=timeout) as http:
        yield Caller(gitlab, http, gitlab.register_runner().token)
