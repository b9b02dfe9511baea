"""What holds for all tests."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import settings

settings.register_profile("podlane", deadline=None)  # a busy machine must fail no test
settings.load_profile("podlane")


@pytest.fixture(autouse=True, scope="session")
def _no_loop_by_accident() -> None:
    """looptime asks for the current loop before each test; with none set, Python would make one
    that nobody closes. Said once that there is none, it makes none."""
    asyncio.set_event_loop(None)
