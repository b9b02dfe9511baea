"""Each scenario of the fault suite, tests/faults, on the real cluster."""

from __future__ import annotations

import pytest

from harness import scenario
from harness.cluster import RealCluster
from harness.play import play
from harness.scenario import FAULTS


@pytest.mark.parametrize("name", scenario.names("cluster", FAULTS))
async def test_fault(name: str, stage: RealCluster) -> None:
    await play(scenario.find(name, "cluster", FAULTS), stage)
