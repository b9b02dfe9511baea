"""Jobs that no node takes: cancelled while they wait, or run once one comes; slow neighbours."""

from __future__ import annotations

import asyncio
import os
import secrets
from pathlib import Path

import pytest

from harness import cluster, gitlab, manager, play, trace, wait
from harness.cluster import RealCluster
from harness.play import Open
from harness.scenario import JobSpec, RunnerSpec, merge
from podlane.local.coordinator import Fault

# how long the waiting ones wait; `make cluster` takes the full time
NODE_SECONDS = float(os.environ.get("PODLANE_NODE_SECONDS", "90"))


def _for_node(label: str) -> tuple[RunnerSpec, ...]:
    return (RunnerSpec(config={"kubernetes": {"node_selector": {label: "yes"}}}),)


async def test_a_job_cancelled_while_unschedulable_is_gone_in_40_seconds(scene: Open) -> None:
    async with scene(runners=_for_node("podlane.test/nowhere")) as play:
        job = play.gitlab.enqueue(JobSpec(script=("echo never-seen",)))
        play.jobs["job"] = job
        await wait.trace_holds(play.gitlab.coordinator, job, "nodes are available", 30)
        play.gitlab.coordinator.cancel(job.id)
        await play.nothing_stays(40)
        await play.gitlab.coordinator.wait_finished(job.id, 5)
        assert job.state == "canceled"
        assert b"never-seen" not in job.trace


async def test_a_job_waits_for_a_node_then_runs(scene: Open) -> None:
    label = f"podlane.test/{secrets.token_hex(4)}"
    async with scene(runners=_for_node(label)) as play:
        job = play.gitlab.enqueue(JobSpec(script=("echo here",)))
        play.jobs["job"] = job
        await wait.trace_holds(play.gitlab.coordinator, job, "nodes are available", 30)
        await asyncio.sleep(NODE_SECONDS)
        assert job.state == "running"
        await cluster.kubectl("label", "node", "node1", f"{label}=yes")
        try:
            await play.gitlab.coordinator.wait_finished(job.id, 30)
        finally:
            await cluster.kubectl("label", "node", "node1", f"{label}-")
        assert job.state == "success"
        assert trace.printed(job.trace, "step_script") == b"here\n"
        await play.nothing_stays()


async def _question_is_held(served: gitlab.Gitlab) -> None:
    """Wait until a question has been in the long poll for longer than check_interval."""
    seen = (0, 0)

    def is_held() -> bool:
        nonlocal seen
        asked = sum(served.coordinator.queue.requests.values())
        paths = [request[2] for request in served.coordinator.requests]
        before, seen = seen, (asked, sum(path.endswith("/jobs/request") for path in paths))
        return seen == before and seen[0] > seen[1]

    await wait.until("a question in the long poll", is_held, every=1.2)


@pytest.mark.alone
async def test_a_slow_gitlab_of_one_runner_does_not_delay_the_other(
    stage: RealCluster, tmp_path: Path
) -> None:
    async with (
        gitlab.serve(tmp_path / "slow", stage.repository, stage.host) as slow,
        gitlab.serve(tmp_path / "quick", stage.repository, stage.host) as quick,
    ):
        slow.coordinator.faults.add(Fault("request", kind="slow", seconds=30, times=20))
        first, second = (play.config_for(stage, served) for served in (slow, quick))
        config = merge(first, {"runners": [*first["runners"], *second["runners"]]})
        async with manager.running(tmp_path / "manager", config, stage.environ()) as started:
            scene = play.Play(stage, quick, started)
            try:
                for number in range(4):
                    await _question_is_held(quick)
                    job = quick.enqueue(JobSpec(name=f"job-{number}", script=("echo here",)))
                    scene.jobs[job.name] = job
                    await quick.coordinator.wait_finished(job.id, 30)
                    delay = job.moments["running"] - job.moments["pending"]
                    assert delay <= 0.2, f"job {number} was asked for after {delay:.2f} s"
            except BaseException as error:
                error.add_note(await scene.tell())
                raise
