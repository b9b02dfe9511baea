"""Pause pods hold room on the node, and a job takes it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from harness import cluster, wait
from harness.cluster import RealCluster
from harness.play import Open
from harness.scenario import JobSpec, RunnerSpec

IMAGE = "podlane.local/pause:1"
PAUSED = "runner.gitlab.com/pause-pod=true"


async def free_millicores() -> int:
    """What no pod of the node has asked for."""
    nodes = json.loads(await cluster.kubectl("get", "nodes", "-o", "json"))["items"]
    pods = json.loads(await cluster.kubectl("get", "pods", "-A", "-o", "json"))["items"]
    asked = [
        _millicores(container.get("resources", {}).get("requests", {}).get("cpu", "0"))
        for pod in pods
        if pod["status"].get("phase") in ("Running", "Pending")
        for container in pod["spec"]["containers"]
    ]
    return _millicores(nodes[0]["status"]["allocatable"]["cpu"]) - sum(asked)


def _millicores(text: str) -> int:
    return int(text[:-1]) if text.endswith("m") else int(float(text) * 1000)


async def paused(stage: RealCluster) -> list[dict[str, Any]]:
    found = json.loads(await stage.kubectl("get", "pods", "-l", PAUSED, "-o", "json"))
    return [pod for pod in found["items"] if not pod["metadata"].get("deletionTimestamp")]


async def running(stage: RealCluster) -> list[str]:
    pods = [pod for pod in await paused(stage) if pod["status"].get("phase") == "Running"]
    return [pod["metadata"]["uid"] for pod in pods]


@pytest.mark.alone  # pods of others change how much room the node has
async def test_a_job_takes_the_place_of_a_pause_pod(scene: Open, stage: RealCluster) -> None:
    room = f"{max(100, await free_millicores() * 6 // 10)}m"  # two of this do not fit
    policy = [{"idle_count": 1}]
    autoscaler = {"pause_pod_image": IMAGE, "policy": policy}
    spec = RunnerSpec(config={"kubernetes": {"cpu_request": room, "autoscaler": autoscaler}})
    async with scene(runners=(spec,)) as play:

        async def has_one() -> bool:
            return len(await running(stage)) == 1

        await wait.until("a pause pod", has_one, 60)
        (first,) = await running(stage)
        job = play.gitlab.enqueue(JobSpec(script=("sleep 5",)))
        play.jobs["job"] = job
        await wait.until("the job", lambda: job.state == "running", 60)

        async def has_given_way() -> bool:
            return first not in await running(stage)

        await wait.until("the pause pod's place", has_given_way, 30)
        await play.gitlab.coordinator.wait_finished(job.id, 60)
        assert job.state == "success"
        await wait.until("another pause pod", has_one, 90)
        assert await play.manager.stop() == 0

        async def is_empty() -> bool:
            return not await paused(stage)

        await wait.until("no pause pods", is_empty, 30)
        assert not (await stage.kubectl("get", "deployments", "-o", "name")).strip()
