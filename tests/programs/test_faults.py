"""Each scenario of the fault suite, tests/faults, on the embedded cluster."""

from __future__ import annotations

import pytest

from harness import scenario
from harness.embedded import EmbeddedCluster
from harness.play import play
from harness.scenario import FAULTS


@pytest.mark.parametrize("name", scenario.names("embedded", FAULTS))
async def test_fault(name: str, stage: EmbeddedCluster) -> None:
    await play(scenario.find(name, "embedded", FAULTS), stage)
