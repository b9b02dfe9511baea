"""What holds for all tests."""

from __future__ import annotations

import asyncio

import hypothesis
import pytest

# speed belongs in tests/bench: a busy machine must fail no property
hypothesis.settings.register_profile("untimed", deadline=None)
hypothesis.settings.load_profile("untimed")


@pytest.fixture(autouse=True, scope="session")
def _no_loop_by_accident() -> None:
    """looptime asks for the current loop before each test; with none set, Python would make one
    that nobody closes. Said once that there is none, it makes none."""
    asyncio.set_event_loop(None)
