"""Each scenario of tests/scenarios, on the embedded cluster."""

from __future__ import annotations

import pytest

from harness import scenario
from harness.embedded import EmbeddedCluster
from harness.play import play


@pytest.mark.parametrize("name", scenario.names("embedded"))
async def test_scenario(name: str, stage: EmbeddedCluster) -> None:
    await play(scenario.find(name, "embedded"), stage)
