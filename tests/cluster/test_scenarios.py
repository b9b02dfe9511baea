"""Each scenario of tests/scenarios, on the real cluster."""

from __future__ import annotations

import pytest

from harness import scenario
from harness.cluster import RealCluster
from harness.play import play


@pytest.mark.parametrize("name", scenario.names("cluster"))
async def test_scenario(name: str, stage: RealCluster) -> None:
    await play(scenario.find(name, "cluster"), stage)
