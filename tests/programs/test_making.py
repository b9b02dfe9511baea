"""How hard the manager tries to make a job's objects, and how it takes them away."""

from __future__ import annotations

import pytest

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
