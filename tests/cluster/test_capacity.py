"""A node that has room for one of two jobs: the other goes back to a GitLab that hands out in two
phases, and runs once there is room."""

from __future__ import annotations

import json

import pytest

from harness import cluster, wait
from harness.play import Open
from harness.scenario import JobSpec, RunnerSpec


@pytest.mark.alone
async def test_a_job_without_room_waits_at_gitlab(scene: Open) -> None:
    node = json.loads(await cluster.kubectl("get", "node", "node1", "-o", "json"))
    share = f"{int(node['status']['allocatable']['cpu']) * 600}m"
    runner = RunnerSpec(config={"kubernetes": {"cpu_request": share, "poll_timeout": 6}})
    async with scene(runners=(runner,)) as play:
        queue = play.gitlab.coordinator.queue
        queue.two_phase, queue.take_back_after = True, 8.0
        first = play.jobs["first"] = play.gitlab.enqueue(JobSpec(script=("echo one", "sleep 25")))
        await play.gitlab.coordinator.wait_state(first.id, "running")
        second = play.jobs["second"] = play.gitlab.enqueue(JobSpec(script=("echo two",)))
        await wait.until("it to go back", lambda: "Gave the job back" in play.manager.log, 40)
        assert (second.state, second.touched, second.trace) == ("pending", [], b"")
        assert "Insufficient cpu" in play.manager.log
        await play.gitlab.coordinator.wait_finished(first.id, 60)
        await play.gitlab.coordinator.wait_finished(second.id, 60)
        assert (first.state, second.state) == ("success", "success")
        assert (first.handed_out, second.handed_out >= 2) == (1, True)
        assert second.trace.count(b"two\n") == 1
        await play.nothing_stays()
