"""Each scenario of tests/scenarios, on the embedded cluster."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from harness import embedded, gitlab, scenario
from harness.embedded import EmbeddedCluster
from harness.play import play


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return gitlab.make_repository(tmp_path_factory.mktemp("git") / "demo")


@pytest.fixture
async def stage(tmp_path: Path, repository: Path) -> AsyncIterator[EmbeddedCluster]:
    async with embedded.serve(tmp_path, repository) as found:
        yield found


@pytest.mark.parametrize("name", scenario.names("embedded"))
async def test_scenario(name: str, stage: EmbeddedCluster) -> None:
    await play(scenario.find(name), stage)
