"""A manager killed at any moment of a launch: the next one goes on, and the job runs once."""

from __future__ import annotations

import pytest

from harness import gitlab, play, trace, wait
from harness.embedded import EmbeddedCluster
from harness.manager import Manager
from harness.scenario import JobSpec
from podlane.local.cluster.faults import ApiSlow
from podlane.local.coordinator import Fault

MOMENTS = ("while the Secret is made", "while GitLab is told", "while the Pod is made", "after it")


@pytest.mark.parametrize("moment", MOMENTS)
async def test_a_kill_during_the_launch_loses_nothing(stage: EmbeddedCluster, moment: str) -> None:
    async with gitlab.serve(stage.folder / "gitlab", stage.repository, stage.host) as served:
        queue = served.coordinator.queue
        queue.two_phase, queue.take_back_after = True, 2.0
        trouble(stage, served, moment)
        config = play.config_for(stage, served)
        started = Manager(stage.folder / "m", config, stage.environ())
        await started.start()
        job = served.enqueue(JobSpec(script=("echo once", "sleep 1", "echo more")))
        try:
            await wait.until("the moment", lambda: has_come(stage, served, moment), every=0.02)
            await started.kill()
            stage.cluster.faults.clear()
            await started.start()
            await served.coordinator.wait_finished(job.id, 40)
            assert job.state == "success", started.log
            assert trace.printed(job.trace, "step_script") == b"once\nmore\n"
            await play.Play(stage, served, started).nothing_stays()
        finally:
            await started.stop()


def trouble(stage: EmbeddedCluster, served: gitlab.Gitlab, moment: str) -> None:
    """Make the step slow during which the manager is to be killed."""
    match moment:
        case "while the Secret is made":
            stage.cluster.faults.add(ApiSlow(seconds=1, verb="create", resource="secrets"))
        case "while GitLab is told":
            served.coordinator.faults.add(Fault("update", kind="slow", seconds=1))
        case "while the Pod is made":
            stage.cluster.faults.add(ApiSlow(seconds=1, verb="create", resource="pods"))


def has_come(stage: EmbeddedCluster, served: gitlab.Gitlab, moment: str) -> bool:
    seen = [(one.verb, one.resource) for one in stage.cluster.requests]
    match moment:
        case "while the Secret is made":
            return ("create", "secrets") in seen
        case "while GitLab is told":
            return bool(stage.cluster.objects("secrets"))
        case "while the Pod is made":
            return ("create", "pods") in seen
        case _:
            return bool(stage.cluster.objects("pods"))
