"""One job, by a manager with some settings, on the embedded cluster."""

from __future__ import annotations

from typing import Any

from harness import gitlab, manager, play
from harness.embedded import EmbeddedCluster
from harness.scenario import JobSpec, RunnerSpec
from podlane.local.coordinator import CoordinatorJob

HELLO = JobSpec(script=("echo hello",))


async def played(stage: EmbeddedCluster, job: JobSpec, **kubernetes: Any) -> CoordinatorJob:
    """Play it to its end, and see that nothing stays; `kubernetes`: [runners.kubernetes]."""
    async with gitlab.serve(stage.folder / "gitlab", stage.repository, stage.host) as served:
        spec = RunnerSpec(config={"kubernetes": kubernetes})
        config = play.config_for(stage, served, runners=(spec,))
        async with manager.running(stage.folder / "m", config, stage.environ()) as started:
            made = served.enqueue(job)
            await served.coordinator.wait_finished(made.id, 40)
            await play.Play(stage, served, started).nothing_stays()
            assert "Traceback" not in started.log
            assert "own-token" not in started.log
            return made
