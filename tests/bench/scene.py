"""GitLab and a manager on the real cluster, for one measurement after the other."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from harness import gitlab, manager, play
from harness.cluster import RealCluster
from harness.play import Play
from harness.scenario import RunnerSpec

CROWD = 20


@asynccontextmanager
async def opened(
    stage: RealCluster, name: str, config: dict[str, Any] | None = None
) -> AsyncIterator[Play]:
    """`config`: more keys of the runner."""
    runners = (RunnerSpec(config={"output_limit": 100_000, **(config or {})}),)
    folder = stage.folder / name
    async with gitlab.serve(folder / "gitlab", stage.repository, stage.host) as served:
        whole = play.config_for(stage, served, {"concurrent": CROWD}, runners)
        async with manager.running(folder / "manager", whole, stage.environ()) as started:
            yield Play(stage, served, started)
