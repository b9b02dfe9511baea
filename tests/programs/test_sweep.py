"""The sweep: what a killed manager, or a hand, has left behind goes; what is not ours stays."""

from __future__ import annotations

import base64
from typing import Any

from harness import gitlab, manager, play, wait
from harness.embedded import EmbeddedCluster
from harness.scenario import JobSpec
from podlane.local.cluster.kinds import POD, SECRET, Kind

OURS = {
    "app.kubernetes.io/managed-by": "podlane",
    "podlane.dev/installation": "embedded",
    "podlane.dev/runner": "abc-123456",
    "podlane.dev/job-id": "7",
}
RECORD = "runner-abc-123456-job-7"


def pod(name: str, **labels: str) -> dict[str, Any]:
    """A pod that has no owner."""
    containers = [{"name": name, "image": "local", "command": ["true"]} for name in ("helper",)]
    spec = {"containers": containers, "restartPolicy": "Never"}
    return {"kind": "Pod", "metadata": {"name": name, "labels": OURS | labels}, "spec": spec}


def secret(name: str, **labels: str) -> dict[str, Any]:
    data = {"token": base64.b64encode(b"x").decode()}
    return {"kind": "Secret", "metadata": {"name": name, "labels": OURS | labels}, "data": data}


def names(stage: EmbeddedCluster, kind: Kind) -> set[str]:
    return {one["metadata"]["name"] for one in stage.cluster.objects(kind.plural)}


async def make_old(stage: EmbeddedCluster, name: str) -> None:
    """The pod has ended, in another year."""
    key = ("default", name)

    def has_ended() -> bool:
        return bool(stage.cluster.store.get(POD, key)["status"].get("phase") == "Succeeded")

    await wait.until("its end", has_ended)
    found = stage.cluster.store.get(POD, key)
    (status,) = found["status"]["containerStatuses"]
    status["state"]["terminated"]["finishedAt"] = "2026-01-01T00:00:00Z"
    stage.cluster.store.replace(POD, found)


async def test_pods_without_a_record_go_and_others_stay(stage: EmbeddedCluster) -> None:
    foreign = {"podlane.dev/installation": "another"}
    made = {"ours-0": {}, "young-0": {}, "theirs-0": foreign, f"{RECORD}-0": {}}
    for name, labels in made.items():
        await stage.create(pod(name, **labels))
    for name in ("ours-0", "theirs-0", f"{RECORD}-0"):
        await make_old(stage, name)
    await stage.create(secret("hand-made"))
    await stage.create(secret("another-0", **foreign))
    async with gitlab.serve(stage.folder / "gitlab", stage.repository, stage.host) as served:
        config = play.config_for(stage, served)
        async with manager.running(stage.folder / "m", config, stage.environ()) as started:
            await wait.until("the sweep", lambda: "ours-0" not in names(stage, POD))
            job = served.enqueue(JobSpec(script=("true",)))
            await served.coordinator.wait_finished(job.id, 30)
            await wait.until("its pod's end", lambda: len(names(stage, POD)) == 2)
            assert names(stage, POD) == {"young-0", "theirs-0"}
            assert {"hand-made", "another-0"} <= names(stage, SECRET)
            assert started.log.count("Deleted a pod that has no record any more") == 2
            assert "Traceback" not in started.log
            assert "hand-made" not in started.log


async def test_a_secret_like_a_record_that_holds_no_job_is_left_alone(
    stage: EmbeddedCluster,
) -> None:
    await stage.create(secret(RECORD))
    async with gitlab.serve(stage.folder / "gitlab", stage.repository, stage.host) as served:
        config = play.config_for(stage, served)
        async with manager.running(stage.folder / "m", config, stage.environ()) as started:
            await wait.until("a word", lambda: "holds no job" in started.log)
            job = served.enqueue(JobSpec(script=("true",)))
            await served.coordinator.wait_finished(job.id, 30)
            assert RECORD in names(stage, SECRET)
            assert "Traceback" not in started.log


async def test_a_kept_pod_goes_in_time_though_the_manager_was_killed(
    stage: EmbeddedCluster,
) -> None:
    """The manager has spoken for it: what holds in the cluster tells the next one."""
    async with gitlab.serve(stage.folder / "gitlab", stage.repository, stage.host) as served:
        config = play.config_for(stage, served)
        config["runners"][0]["podlane"]["keep_failed_pods"] = "12s"
        started = manager.Manager(stage.folder / "m", config, stage.environ())
        await started.start()
        job = served.enqueue(JobSpec(script=("echo begun; sleep 60",)))
        await wait.trace_holds(served.coordinator, job, "begun\n")
        await stage.out_of_memory()
        await served.coordinator.wait_finished(job.id, 30)
        assert "kubectl" in job.trace.decode()
        await wait.until("the pod that stays", lambda: "stays for a while" in started.log)
        (kept,) = stage.cluster.objects("pods")
        assert kept["metadata"]["annotations"]["podlane.dev/spoken"] == "true"
        await started.kill()
        tries = job.final_tries
        await started.start()
        await wait.until("it again", lambda: started.log.count("stays for a while") == 2)
        assert job.final_tries == tries, "it was spoken for a second time"
        await wait.until("its end", lambda: not stage.cluster.objects("pods"), 30)
        await started.stop()
