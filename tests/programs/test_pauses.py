"""Pause pods: their Deployment follows the config, and goes with its manager."""

from __future__ import annotations

import time
from typing import Any

import pytest

from harness import gitlab, manager, play, wait
from harness.embedded import EmbeddedCluster
from harness.manager import Manager
from harness.scenario import JobSpec, merge
from podlane.local.cluster.faults import NoRight

LABELS = {
    "app.kubernetes.io/managed-by": "podlane",
    "podlane.dev/installation": "embedded",
    "runner.gitlab.com/pause-pod": "true",
}


def pausing(config: dict[str, Any], **settings: Any) -> dict[str, Any]:
    kubernetes = {"kubernetes": {"autoscaler": settings}}
    return config | {"runners": [merge(one, kubernetes) for one in config["runners"]]}


def deployments(stage: EmbeddedCluster) -> dict[str, dict[str, Any]]:
    return {one["metadata"]["name"]: one for one in stage.cluster.objects("deployments")}


def own(stage: EmbeddedCluster) -> dict[str, dict[str, Any]]:
    return {k: one for k, one in deployments(stage).items() if k.startswith("runner-pause-")}


def the_one(stage: EmbeddedCluster) -> dict[str, Any]:
    (found,) = own(stage).values()
    return found


def left_behind(name: str, age: float, **labels: str) -> dict[str, Any]:
    beat = {"podlane.dev/heartbeat": str(int(time.time() - age))}
    metadata = {"name": name, "labels": LABELS | labels, "annotations": beat}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": metadata, "spec": {}}


async def test_they_come_change_and_go_with_the_config_and_the_manager(
    stage: EmbeddedCluster,
) -> None:
    await stage.create(left_behind("old", 7200))
    await stage.create(left_behind("young", 600))
    await stage.create(left_behind("foreign", 7200, **{"podlane.dev/installation": "other"}))
    async with gitlab.serve(stage.folder / "gitlab", stage.repository, stage.host) as served:
        plain = play.config_for(stage, served)
        started = Manager(
            stage.folder / "m", pausing(plain, policy=[{"idle_count": 2}]), stage.environ()
        )
        await started.start()
        await wait.until("the Deployment", lambda: bool(own(stage)))
        assert deployments(stage).keys() - {"young", "foreign"} == own(stage).keys()
        assert the_one(stage)["spec"]["replicas"] == 2
        (made,) = stage.cluster.objects("priorityclasses")
        assert (made["metadata"]["name"], made["value"]) == ("gitlab-runner-idle-capacity", -1)

        started.write(pausing(plain, policy=[{"idle_count": 5}], pause_pod_image="other"))
        await wait.until("five of another image", lambda: the_one(stage)["spec"]["replicas"] == 5)
        (container,) = the_one(stage)["spec"]["template"]["spec"]["containers"]
        assert container["image"] == "other"
        started.write(plain)
        await wait.until("none", lambda: not own(stage))
        started.write(pausing(plain, policy=[{"scale_factor": 2.0}]))
        await wait.until("no room for no job", lambda: bool(own(stage)))
        assert the_one(stage)["spec"]["replicas"] == 0
        assert await started.stop() == 0
        assert deployments(stage).keys() == {"young", "foreign"}


async def test_without_policies_nothing_is_asked_of_the_cluster(stage: EmbeddedCluster) -> None:
    async with gitlab.serve(stage.folder / "gitlab", stage.repository, stage.host) as served:
        config = pausing(play.config_for(stage, served), max_pause_pods=3)
        async with manager.running(stage.folder / "m", config, stage.environ()):
            job = served.enqueue(JobSpec(script=("true",)))
            await served.coordinator.wait_finished(job.id, 30)
    asked = {seen.resource for seen in stage.cluster.requests}
    assert "pods" in asked
    assert not asked & {"deployments", "priorityclasses"}


@pytest.mark.parametrize("resource", ["priorityclasses", "deployments"])
async def test_a_right_that_lacks_is_said_once_and_hurts_no_job(
    stage: EmbeddedCluster, resource: str
) -> None:
    stage.cluster.faults.add(NoRight(resource=resource))
    async with gitlab.serve(stage.folder / "gitlab", stage.repository, stage.host) as served:
        config = pausing(play.config_for(stage, served), policy=[{"idle_count": 1}])
        async with manager.running(stage.folder / "m", config, stage.environ()) as started:
            job = served.enqueue(JobSpec(script=("true",)))
            await served.coordinator.wait_finished(job.id, 30)
            assert job.state == "success"
            word = "priority class" if resource == "priorityclasses" else "Cannot keep the pause"
            await wait.until("a word on it", lambda: word in started.log)
            if resource == "priorityclasses":
                await wait.until("the Deployment", lambda: bool(own(stage)))
                assert "kubectl create priorityclass gitlab-runner-idle-capacity" in started.log
            else:
                assert "on deployments (apps)" in started.log
            # once for the look at start, and once for what each round tries
            assert started.log.count(word) <= 2
