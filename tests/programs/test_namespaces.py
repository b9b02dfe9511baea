"""Jobs in namespaces of their own, or by tokens of their own: rights that lack, and leftovers."""

from __future__ import annotations

from harness import gitlab, manager, play, wait
from harness.embedded import EmbeddedCluster
from harness.manager import Manager
from harness.scenario import JobSpec, RunnerSpec
from podlane.local.cluster.faults import ApiSlow, NoRight, Refused
from podlane.local.cluster.kinds import NAMESPACE
from programs.one_job import HELLO, played

PER_JOB = {"namespace_per_job": True, "poll_timeout": 3}


async def test_a_namespace_of_somebody_else_is_left_alone(stage: EmbeddedCluster) -> None:
    stage.cluster.create({"kind": "Namespace", "metadata": {"name": "ci-job-1001"}})
    job = await played(stage, HELLO, **PER_JOB)
    assert job.failure_reason == "runner_configuration_error"
    assert b"ci-job-1001 is there already" in job.trace
    assert stage.cluster.store.find(NAMESPACE, ("", "ci-job-1001")) is not None


async def test_no_right_to_make_namespaces_is_said(stage: EmbeddedCluster) -> None:
    stage.cluster.faults.add(NoRight(verb="create", resource="namespaces"))
    job = await played(stage, HELLO, **PER_JOB)
    assert job.failure_reason == "runner_configuration_error"
    assert b'cannot create resource "namespaces"' in job.trace
    assert b"`namespace_per_job` needs a ClusterRole" in job.trace


async def test_a_job_that_is_refused_later_takes_its_namespace_along(
    stage: EmbeddedCluster,
) -> None:
    stage.cluster.faults.add(Refused(resource="secrets", why="policy says no"))
    job = await played(stage, HELLO, **PER_JOB)
    assert b"policy says no" in job.trace


async def test_no_right_to_delete_a_namespace_ends_the_job_all_the_same(
    stage: EmbeddedCluster,
) -> None:
    fault = NoRight(verb="delete", resource="namespaces")
    stage.cluster.faults.add(fault)
    async with gitlab.serve(stage.folder / "gitlab", stage.repository, stage.host) as served:
        config = play.config_for(
            stage, served, runners=(RunnerSpec(config={"kubernetes": PER_JOB}),)
        )
        async with manager.running(stage.folder / "m", config, stage.environ()) as started:
            job = served.enqueue(HELLO)
            await served.coordinator.wait_finished(job.id, 40)
            await wait.until("its record to go", lambda: not stage.cluster.objects("secrets"))
            assert job.state == "success"
            assert "Cannot delete a job's namespace" in started.log
            assert stage.cluster.store.find(NAMESPACE, ("", "ci-job-1001")) is not None


async def test_a_kill_between_namespace_and_record_leaves_nothing(stage: EmbeddedCluster) -> None:
    async with gitlab.serve(stage.folder / "gitlab", stage.repository, stage.host) as served:
        served.coordinator.queue.two_phase = True
        served.coordinator.queue.take_back_after = 2.0
        stage.cluster.faults.add(ApiSlow(seconds=2, verb="create", resource="secrets"))
        spec = RunnerSpec(config={"kubernetes": PER_JOB})
        started = Manager(
            stage.folder / "m", play.config_for(stage, served, runners=(spec,)), stage.environ()
        )
        await started.start()
        job = served.enqueue(HELLO)

        def is_made() -> bool:
            return stage.cluster.store.find(NAMESPACE, ("", "ci-job-1001")) is not None

        try:
            await wait.until("the namespace", is_made, every=0.02)
            await started.kill()
            stage.cluster.faults.clear()
            await started.start()
            await served.coordinator.wait_finished(job.id, 40)
            assert job.state == "success", started.log
            await play.Play(stage, served, started).nothing_stays()
        finally:
            await started.stop()


async def test_a_namespace_that_was_left_behind_is_swept(stage: EmbeddedCluster) -> None:
    made = {"name": "ci-job-7", "creationTimestamp": "2026-01-01T00:00:00Z"}
    labels = {
        "app.kubernetes.io/managed-by": "podlane",
        "podlane.dev/installation": "embedded",
        "podlane.dev/job-id": "7",
    }
    stage.cluster.create({"kind": "Namespace", "metadata": {"name": "ci-job-7", "labels": labels}})
    stage.cluster.create({"kind": "Namespace", "metadata": {"name": "young", "labels": labels}})
    old = stage.cluster.store.get(NAMESPACE, ("", "ci-job-7"))
    stage.cluster.store.replace(NAMESPACE, old | {"metadata": old["metadata"] | made})
    async with gitlab.serve(stage.folder / "gitlab", stage.repository, stage.host) as served:
        spec = RunnerSpec(config={"kubernetes": PER_JOB})
        config = play.config_for(stage, served, runners=(spec,))
        async with manager.running(stage.folder / "m", config, stage.environ()) as started:

            def is_gone() -> bool:
                return stage.cluster.store.find(NAMESPACE, ("", "ci-job-7")) is None

            await wait.until("the sweep", is_gone)
            assert "Deleted a namespace that has no job" in started.log
            assert stage.cluster.store.find(NAMESPACE, ("", "young")) is not None


async def test_a_job_brings_its_own_token(stage: EmbeddedCluster) -> None:
    """One that is wrong is refused by the cluster, and nothing is made by another."""
    variables = {"KUBERNETES_BEARER_TOKEN": "own-token-of-the-job"}
    job = await played(
        stage,
        JobSpec(script=("echo hello",), variables=variables),
        bearer_token_overwrite_allowed=True,
    )
    assert job.failure_reason == "runner_configuration_error"
    assert b"Unauthorized" in job.trace
    assert b"the token in KUBERNETES_BEARER_TOKEN" in job.trace
    assert b"own-token" not in job.trace


async def test_a_token_makes_what_a_killed_manager_did_not(stage: EmbeddedCluster) -> None:
    """The token is in the job's plan alone, and there the next manager finds it."""
    own = stage.cluster.also_takes("own-token-of-the-job")
    variables = {"KUBERNETES_BEARER_TOKEN": own}
    async with gitlab.serve(stage.folder / "gitlab", stage.repository, stage.host) as served:
        stage.cluster.faults.add(ApiSlow(seconds=2, verb="create", resource="pods"))
        spec = RunnerSpec(config={"kubernetes": {"bearer_token_overwrite_allowed": True}})
        started = Manager(
            stage.folder / "m", play.config_for(stage, served, runners=(spec,)), stage.environ()
        )
        await started.start()
        job = served.enqueue(JobSpec(script=("echo hello; env",), variables=variables))
        try:
            await wait.until("the record", lambda: bool(stage.cluster.objects("secrets")))
            await started.kill()
            stage.cluster.faults.clear()
            await started.start()
            await served.coordinator.wait_finished(job.id, 40)
            assert job.state == "success", started.log
            assert b'"bearer_token" overwritten with "***"' in job.trace
            assert own.encode() not in job.trace
            assert own not in started.log
            creates = [one for one in stage.cluster.requests if one.verb == "create"]
            assert {one.token for one in creates if one.resource != "events"} == {own}
            assert own not in {one.token for one in stage.cluster.requests if one.verb == "delete"}
            await play.Play(stage, served, started).nothing_stays()
        finally:
            await started.stop()


async def test_a_reload_opens_the_way_to_other_namespaces(stage: EmbeddedCluster) -> None:
    await stage.make_namespace("default-b")
    async with gitlab.serve(stage.folder / "gitlab", stage.repository, stage.host) as served:
        config = play.config_for(stage, served)
        async with manager.running(stage.folder / "m", config, stage.environ()) as started:
            first = served.enqueue(JobSpec(script=("echo first", "sleep 4", "echo last")))
            await wait.trace_holds(served.coordinator, first, "first\n")
            config["runners"][0]["kubernetes"]["namespace_overwrite_allowed"] = "^default-"
            started.write(config)
            await wait.until("the reload", lambda: "Configuration loaded" in started.log)
            variables = {"KUBERNETES_NAMESPACE_OVERWRITE": "default-b"}
            second = served.enqueue(JobSpec(script=("echo there",), variables=variables))
            for job in (first, second):
                await served.coordinator.wait_finished(job.id, 40)
                assert job.state == "success", started.log
            await play.Play(stage, served, started).nothing_stays()
            open_now = [one.namespace for one in stage.cluster.requests if one.verb == "watch"]
            assert open_now[-2:] == ["", ""]
