"""What the manager's log tells of a job that no job's log can: which images ran."""

from __future__ import annotations

import re

import pytest

from harness import gitlab, manager, play, wait
from harness.embedded import EmbeddedCluster
from harness.scenario import JobSpec, RunnerSpec


async def test_the_managers_log_names_the_images_that_ran(stage: EmbeddedCluster) -> None:
    async with gitlab.serve(stage.folder / "gitlab", stage.repository, stage.host) as served:
        config = play.config_for(stage, served)
        async with manager.running(stage.folder / "m", config, stage.environ()) as started:
            job = served.enqueue(JobSpec(script=("true",)))
            await served.coordinator.wait_finished(job.id, 30)
            await wait.until("the end", lambda: "The job finished" in started.log)
            (line,) = re.findall(r"^The job finished.*$", started.log, re.M)
            assert re.search(r"helper=sha256:[0-9a-f]{64} build=sha256:[0-9a-f]{64}", line)


@pytest.mark.parametrize("is_on", [True, False])
async def test_the_managers_log_names_the_images_to_run(
    stage: EmbeddedCluster, *, is_on: bool
) -> None:
    flags = {"FF_LOG_IMAGES_CONFIGURED_FOR_JOB": is_on}
    async with gitlab.serve(stage.folder / "gitlab", stage.repository, stage.host) as served:
        config = play.config_for(
            stage, served, None, (RunnerSpec(config={"feature_flags": flags}),)
        )
        async with manager.running(stage.folder / "m", config, stage.environ()) as started:
            job = served.enqueue(JobSpec(script=("true",), image="local"))
            await served.coordinator.wait_finished(job.id, 30)
            lines = re.findall(r"^Image configured for job.*$", started.log, re.M)
            named = [re.findall(r"(container|image)=(\S+)", line) for line in lines]
    assert [dict(one)["container"] for one in named] == (["helper", "build"] if is_on else [])
    assert not is_on or dict(named[1])["image"] == "local"
