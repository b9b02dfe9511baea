"""The rig as a fixture: see `rig.py`."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio

from helper.rig import Rig, rig


@pytest_asyncio.fixture(name="rig")
async def _rig(tmp_path: Path) -> AsyncIterator[Rig]:
    async with rig(tmp_path) as made:
        yield made
