"""A cluster without room: jobs go back to a GitLab that keeps them until they are confirmed, and
no more are asked for than may be waited for."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from harness import gitlab, manager, play, trace, wait
from harness.embedded import EmbeddedCluster
from harness.scenario import JobSpec, RunnerSpec
from podlane.local.cluster.faults import Refused, Unschedulable
from programs.one_job import HELLO

FULL = Unschedulable()
NOWHERE = Unschedulable(
    message="0/1 nodes are available: 1 node(s) didn't match Pod's node affinity."
)
QUOTA = Refused(resource="pods")


@asynccontextmanager
async def runner(
    stage: EmbeddedCluster, *, two_phase: bool, poll_timeout: float = 2, **podlane: Any
) -> AsyncIterator[play.Play]:
    async with gitlab.serve(stage.folder / "gitlab", stage.repository, stage.host) as served:
        queue = served.coordinator.queue
        queue.two_phase, queue.take_back_after = two_phase, 3.0
        settings = {"kubernetes": {"poll_timeout": poll_timeout}, "podlane": podlane}
        config = play.config_for(stage, served, runners=(RunnerSpec(config=settings),))
        async with manager.running(stage.folder / "m", config, stage.environ()) as started:
            scene = play.Play(stage, served, started)
            try:
                yield scene
            except BaseException as error:
                error.add_note(started.log)
                raise


async def test_a_job_without_room_goes_back_to_the_queue(stage: EmbeddedCluster) -> None:
    stage.cluster.faults.add(FULL)
    async with runner(stage, two_phase=True) as scene:
        job = scene.gitlab.enqueue(HELLO)
        await wait.until("it to be given back", lambda: "Gave the job back" in scene.manager.log)
        await wait.until("its objects to go", lambda: not stage.cluster.objects("pods"))
        assert (job.state, job.trace, job.touched) == ("pending", b"", [])
        assert "Insufficient cpu" in scene.manager.log
        stage.cluster.faults.clear()
        await scene.gitlab.coordinator.wait_finished(job.id, 40)
        assert (job.state, trace.printed(job.trace, "step_script")) == ("success", b"hello\n")
        assert job.handed_out >= 2
        await scene.nothing_stays()


async def test_a_job_is_confirmed_once_a_node_has_it(stage: EmbeddedCluster) -> None:
    """GitLab would take it back after three seconds of silence; it is kept for longer than that."""
    stage.cluster.faults.add(FULL)
    async with runner(stage, two_phase=True, poll_timeout=60) as scene:
        scene.gitlab.coordinator.queue.take_back_after = 40.0
        job = scene.gitlab.enqueue(HELLO)
        await wait.until("its pod", lambda: bool(stage.cluster.objects("pods")))
        kept = [one for one in scene.gitlab.coordinator.requests if one.call == "update"]
        await wait.until(
            "a word to keep it",
            lambda: (
                len([one for one in scene.gitlab.coordinator.requests if one.call == "update"])
                > len(kept)
            ),
            40,
        )
        assert (job.state, job.touched) == ("pending", [])
        stage.cluster.faults.clear()
        await scene.gitlab.coordinator.wait_finished(job.id, 40)
        assert (job.state, job.handed_out) == ("success", 1)


async def test_a_pod_that_no_node_will_take_fails_and_says_why(stage: EmbeddedCluster) -> None:
    stage.cluster.faults.add(NOWHERE)
    async with runner(stage, two_phase=True) as scene:
        job = scene.gitlab.enqueue(HELLO)
        await scene.gitlab.coordinator.wait_finished(job.id, 40)
        assert job.failure_reason == "runner_system_failure"
        assert b"didn't match Pod's node affinity" in job.trace
        assert job.handed_out == 1
        await scene.nothing_stays()


async def test_a_kept_job_that_is_cancelled_goes(stage: EmbeddedCluster) -> None:
    stage.cluster.faults.add(FULL)
    async with runner(stage, two_phase=True, poll_timeout=60) as scene:
        job = scene.gitlab.enqueue(HELLO)
        await wait.until("its pod", lambda: bool(stage.cluster.objects("pods")))
        scene.gitlab.coordinator.cancel(job.id)
        assert job.state == "canceled"
        await scene.nothing_stays(40)
        assert job.trace == b""


async def test_a_manager_that_is_killed_finds_its_kept_job(stage: EmbeddedCluster) -> None:
    stage.cluster.faults.add(FULL)
    async with runner(stage, two_phase=True, poll_timeout=60) as scene:
        scene.gitlab.coordinator.queue.take_back_after = 40.0
        job = scene.gitlab.enqueue(HELLO)
        await wait.until("its pod", lambda: bool(stage.cluster.objects("pods")))
        await scene.manager.kill()
        await scene.manager.start()
        stage.cluster.faults.clear()
        await scene.gitlab.coordinator.wait_finished(job.id, 60)
        assert (job.state, job.handed_out) == ("success", 1)
        await scene.nothing_stays()


@pytest.mark.parametrize("resource", ["pods", "secrets"])
async def test_a_full_quota_stops_the_asking(stage: EmbeddedCluster, resource: str) -> None:
    stage.cluster.faults.add(Refused(resource=resource))
    async with runner(stage, two_phase=False, poll_timeout=60) as scene:
        jobs = [scene.gitlab.enqueue(HELLO)]
        await wait.until("no more questions", lambda: "because=quota" in scene.manager.log)
        assert "exceeded quota: compute" in scene.manager.log
        jobs += [scene.gitlab.enqueue(JobSpec(name=name, script=("echo hello",))) for name in "ab"]
        tries = _tries(stage, resource)
        await wait.until("more tries", lambda: _tries(stage, resource) > tries)
        assert [job.handed_out for job in jobs] == [1, 0, 0]
        stage.cluster.faults.clear()
        for job in jobs:
            await scene.gitlab.coordinator.wait_finished(job.id, 40)
        assert {job.state for job in jobs} == {"success"}
        await scene.nothing_stays()


async def test_a_quota_that_stays_full_gives_the_job_back(stage: EmbeddedCluster) -> None:
    stage.cluster.faults.add(QUOTA)
    async with runner(stage, two_phase=True) as scene:
        job = scene.gitlab.enqueue(HELLO)
        await wait.until("it to be given back", lambda: "Gave the job back" in scene.manager.log)
        stage.cluster.faults.clear()
        await scene.gitlab.coordinator.wait_finished(job.id, 40)
        assert (job.state, job.trace.count(b"hello\n")) == ("success", 1)
        await scene.nothing_stays()


async def test_pods_that_wait_for_a_node_stop_the_asking(stage: EmbeddedCluster) -> None:
    stage.cluster.faults.add(FULL)
    async with runner(stage, two_phase=False, poll_timeout=60, pending_limit=2) as scene:
        jobs = [scene.gitlab.enqueue(JobSpec(name=f"j{n}", script=("echo hello",))) for n in "1234"]
        await wait.until("no more", lambda: "because=pending_limit" in scene.manager.log)
        assert "Insufficient cpu" in scene.manager.log
        stage.cluster.faults.clear()
        for job in jobs:
            await scene.gitlab.coordinator.wait_finished(job.id, 40)
        assert {job.state for job in jobs} == {"success"}


def _tries(stage: EmbeddedCluster, resource: str) -> int:
    asked = [(one.verb, one.resource) for one in stage.cluster.requests]
    return asked.count(("create", resource))
