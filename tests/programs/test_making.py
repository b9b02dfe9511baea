"""How hard the manager tries to make a job's objects, and how it takes them away."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness import gitlab, manager, play
from harness.embedded import EmbeddedCluster
from harness.scenario import JobSpec
from podlane.local.cluster.faults import NoRight, Refused
from podlane.local.cluster.kinds import POD, Object
from podlane.local.cluster.store import Change
from programs.one_job import HELLO, played

STUBBORN = {"name": "busybox:1", "command": ["sh", "-c", "trap '' TERM; while :; do sleep 1; done"]}


async def test_a_budget_that_cannot_be_made_loses_no_job(stage: EmbeddedCluster) -> None:
    stage.cluster.faults.add(NoRight(verb="create", resource="poddisruptionbudgets"))
    job = await played(stage, HELLO, pod_disruption_budget=True)
    assert job.state == "success"


async def test_a_sentence_with_a_limit_is_worth_a_further_try(stage: EmbeddedCluster) -> None:
    stage.cluster.faults.add(Refused(resource="pods", why="the hook was away", times=2))
    job = await played(stage, HELLO, retry_limits={"hook was": 3}, retry_backoff_max=500)
    assert job.state == "success"


@pytest.mark.parametrize("resource", ["secrets", "pods"])
async def test_a_limit_ends_the_tries(stage: EmbeddedCluster, resource: str) -> None:
    stage.cluster.faults.add(Refused(resource=resource, why="exceeded quota: the hook"))
    limits = {"exceeded quota": 2}
    job = await played(stage, HELLO, retry_limits=limits, retry_backoff_max=500)
    assert job.failure_reason == "runner_system_failure"
    assert b"exceeded quota" in job.trace
    tries = [one for one in stage.cluster.requests if one.verb == "create"]
    assert sum(one.resource == resource for one in tries) == 2


def _chooses_users(pod: Object) -> str:
    """OpenShift's words for a container that names root where the range of users begins later."""
    for one in pod["spec"]["containers"]:
        if (one.get("securityContext") or {}).get("runAsUser") == 0:
            return (
                "unable to validate against any security context constraint: [provider "
                '"restricted-v2": Forbidden: not usable by user or serviceaccount, '
                f".containers[0].runAsUser: Invalid value: 0: {one['name']}: must be in the "
                "ranges: [1000650000, 1000659999]]"
            )
    return ""


async def test_a_cluster_that_chooses_users_chooses_the_helpers_too(
    stage: EmbeddedCluster,
) -> None:
    stage.cluster.refuses = _chooses_users
    job = await played(stage, HELLO)
    assert job.state == "success"


async def test_root_by_the_configs_own_word_stays_refused(stage: EmbeddedCluster) -> None:
    stage.cluster.refuses = _chooses_users
    job = await played(stage, HELLO, helper_container_security_context={"run_as_user": 0})
    assert job.failure_reason == "runner_configuration_error"
    assert b"must be in the ranges" in job.trace


@pytest.mark.parametrize(("given", "expected"), [(None, 1), (3, 3)])
async def test_the_grace_of_a_removed_pod(
    stage: EmbeddedCluster, given: int | None, expected: int
) -> None:
    seen: list[int] = []

    def hear(change: Change) -> None:
        grace = change.object["metadata"].get("deletionGracePeriodSeconds")
        if change.kind is POD and grace is not None:
            seen.append(grace)

    stage.cluster.store.listen(hear)
    settings = {} if given is None else {"cleanup_grace_period_seconds": given}
    await played(stage, JobSpec(script=("echo hello",), services=(STUBBORN,)), **settings)
    assert seen[0] == expected


async def test_a_bug_in_a_launch_is_the_end_of_one_job(
    stage: EmbeddedCluster, tmp_path: Path
) -> None:
    """The manager is started with a part of it broken, as a payload might break it one day."""
    broken = tmp_path / "sitecustomize.py"
    broken.write_text(
        "from podlane.core.plan import git_urls\n"
        "def server_of(url):\n"
        "    raise ValueError(url)\n"
        "git_urls.server_of = server_of\n"
    )
    async with gitlab.serve(stage.folder / "gitlab", stage.repository, stage.host) as served:
        config = play.config_for(stage, served)
        environ = {**stage.environ(), "PYTHONPATH": str(tmp_path)}
        async with manager.running(stage.folder / "m", config, environ) as started:
            jobs = [served.enqueue(HELLO) for _ in range(2)]
            for job in jobs:
                await served.coordinator.wait_finished(job.id, 30)
            await play.Play(stage, served, started).nothing_stays()
        assert {job.failure_reason for job in jobs} == {"runner_system_failure"}
        assert b"podlane met an unexpected error: ValueError in sitecustomize.py:3" in jobs[0].trace
        assert "Met an unexpected error in a launch" in started.log
        assert jobs[0].token not in started.log
        assert "Traceback" not in started.log
