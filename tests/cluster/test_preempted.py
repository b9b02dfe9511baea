"""A pod of higher priority takes the place of a job's: the job ends as with any other drain."""

from __future__ import annotations

import json

import pytest

from harness import cluster, trace, wait
from harness.cluster import RealCluster
from harness.play import Open
from harness.scenario import JobSpec, RunnerSpec

REASON = ": PreemptionByScheduler: "


async def most_of_the_node() -> str:
    """So much CPU that the node cannot give it twice."""
    [node] = json.loads(await cluster.kubectl("get", "nodes", "-o", "json"))["items"]
    cpu = node["status"]["allocatable"]["cpu"]
    milli = int(cpu[:-1]) if cpu.endswith("m") else int(cpu) * 1000
    return f"{milli * 6 // 10}m"


async def preempt(stage: RealCluster, cpu: str) -> None:
    """Make a pod that needs the room, and may take it."""
    name = f"first-{stage.namespace}"
    rank = {"apiVersion": "scheduling.k8s.io/v1", "kind": "PriorityClass", "value": 1000}
    container = {
        "name": "first",
        "image": "busybox:1",
        "command": ["sleep", "300"],
        "resources": {"requests": {"cpu": cpu}},
    }
    pod = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "first"},
        "spec": {
            "priorityClassName": name,
            "terminationGracePeriodSeconds": 0,
            "containers": [container],
        },
    }
    await stage.create(rank | {"metadata": {"name": name}})
    await stage.create(pod)


@pytest.mark.alone
async def test_a_preempted_job_is_the_systems_failure(stage: RealCluster, scene: Open) -> None:
    cpu = await most_of_the_node()
    keys = {"pod_termination_grace_period_seconds": 10, "cpu_request": cpu}
    runner = RunnerSpec(config={"kubernetes": keys})
    try:
        async with scene(runners=(runner,)) as play:
            script = ("sleep 2; echo started", "sleep 60", "echo never-seen")
            job = play.gitlab.enqueue(JobSpec(script=script))
            play.jobs = {job.name: job}
            await wait.trace_holds(play.gitlab.coordinator, job, "started\n")
            await preempt(stage, cpu)
            await play.gitlab.coordinator.wait_finished(job.id, 40)
            assert (job.state, job.failure_reason) == ("failed", "runner_system_failure")
            text = job.trace.decode()
            assert "what runs has 7s to end well" in text
            assert "WARNING: Kubernetes takes the pod away from node " in text
            assert REASON in text
            assert "the pod was told to end, and the job was not done 7s later" in text
            assert b"never-seen" not in trace.printed(job.trace, "step_script")
            await play.nothing_stays()
    finally:
        name = f"first-{stage.namespace}"
        await cluster.kubectl("delete", "priorityclass", name, "--ignore-not-found")
