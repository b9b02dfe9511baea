"""Jobs that live at one time have different numbers, whoever launched them."""

from __future__ import annotations

from typing import Any

from harness import gitlab, manager, play, trace
from harness.embedded import EmbeddedCluster
from harness.scenario import JobSpec, RunnerSpec
from podlane.local.cluster.faults import ApiSlow
from podlane.local.coordinator import CoordinatorJob

SHOW = 'echo "$CI_CONCURRENT_ID/$CI_CONCURRENT_PROJECT_ID in $PWD"'

WAIT = 'until [ -e "$CI_BUILDS_DIR/go" ]; do sleep 0.1; done'


def shared(stage: EmbeddedCluster) -> RunnerSpec:
    """A runner whose builds directory outlives its jobs."""
    folder = stage.cluster.root / "shared"
    folder.mkdir(parents=True, exist_ok=True)
    volume = {"name": "builds", "mount_path": str(folder), "host_path": str(folder)}
    kubernetes: dict[str, Any] = {"volumes": {"host_path": [volume]}}
    return RunnerSpec(config={"builds_dir": str(folder), "kubernetes": kubernetes})


def go(stage: EmbeddedCluster) -> None:
    """Let the jobs end that wait."""
    (stage.cluster.root / "shared/go").touch()


def shown(job: CoordinatorJob) -> str:
    return trace.printed(job.trace, "step_script").decode().splitlines()[0]


async def finished(served: gitlab.Gitlab, *jobs: CoordinatorJob) -> None:
    for job in jobs:
        await served.coordinator.wait_finished(job.id, 60)
        assert job.state == "success", job.trace.decode()


async def test_two_managers_that_launch_at_once(stage: EmbeddedCluster) -> None:
    """Neither sees the other's record before it has chosen: the later one chooses again."""
    stage.cluster.faults.add(ApiSlow(seconds=6, verb="create", resource="secrets"))
    async with gitlab.serve(stage.folder / "gitlab", stage.repository, stage.host) as served:
        config = play.config_for(stage, served, {"concurrent": 1}, (shared(stage),))
        environ = stage.environ()
        async with (
            manager.running(stage.folder / "one", config, environ) as one,
            manager.running(stage.folder / "two", config, environ) as two,
        ):
            jobs = [served.enqueue(JobSpec(script=(SHOW, WAIT))) for _ in range(2)]
            for job in jobs:
                await served.coordinator.wait_trace(job.id, b" in /", 60)
            go(stage)
            await finished(served, *jobs)
            assert {shown(job).partition(" in ")[0] for job in jobs} == {"0/0", "1/1"}
            assert len({shown(job).partition(" in ")[2] for job in jobs}) == 2
            assert "Another manager was first" in one.log + two.log
            assert "Traceback" not in one.log + two.log


async def test_numbers_are_used_again_and_projects_have_their_own(stage: EmbeddedCluster) -> None:
    async with gitlab.serve(stage.folder / "gitlab", stage.repository, stage.host) as served:
        served.coordinator.git.add("acme/other", stage.repository)
        config = play.config_for(stage, served, {"concurrent": 4}, (shared(stage),))
        async with manager.running(stage.folder / "m", config, stage.environ()) as started:
            other = {"job_info": {"project_full_path": "acme/other", "project_id": 43}}
            long = served.enqueue(JobSpec(script=(SHOW, WAIT)))
            await served.coordinator.wait_trace(long.id, b"0/0 in")
            theirs = served.enqueue(JobSpec(script=(SHOW,), payload=other))
            await finished(served, theirs)
            go(stage)
            await finished(served, long)
            assert shown(theirs).startswith("1/0 in")
            await play.Play(stage, served, started).nothing_stays()
            again = served.enqueue(JobSpec(script=(SHOW,)))
            await finished(served, again)
            assert shown(again) == shown(long)
            assert "Created fresh repository" not in again.trace.decode()


async def test_a_restarted_manager_knows_who_holds_what(stage: EmbeddedCluster) -> None:
    async with gitlab.serve(stage.folder / "gitlab", stage.repository, stage.host) as served:
        config = play.config_for(stage, served, {"concurrent": 4}, (shared(stage),))
        async with manager.running(stage.folder / "m", config, stage.environ()) as started:
            long = served.enqueue(JobSpec(script=(SHOW, WAIT)))
            await served.coordinator.wait_trace(long.id, b"0/0 in")
            await started.kill()
            await started.start()
            other = served.enqueue(JobSpec(script=(SHOW,)))
            await finished(served, other)
            go(stage)
            await finished(served, long)
            assert shown(other).startswith("1/1 in")
