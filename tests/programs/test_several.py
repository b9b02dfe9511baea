"""Several managers: each asks under its own name and for its part, one settles, any may go."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest

from harness import trace, wait
from harness.embedded import EmbeddedCluster
from harness.scenario import JobSpec
from harness.several import Several, several
from podlane.local.cluster.faults import ApiSlow
from podlane.local.cluster.kinds import POD
from podlane.local.cluster.store import Change
from podlane.local.coordinator import CoordinatorJob

pytestmark = pytest.mark.timeout(240)  # on a busy machine
SLOW = 'i=0; while [ $i -lt 8 ]; do i=$((i+1)); echo "line $i"; sleep 1; done'
PRINTED = "".join(f"line {n}\n" for n in range(1, 9)).encode()


@asynccontextmanager
async def counted(stage: EmbeddedCluster) -> AsyncIterator[Callable[[], int]]:
    """The most pods of jobs that were there at once and not yet done."""
    live: set[str] = set()
    most = 0

    def hear(change: Change) -> None:
        nonlocal most
        if change.kind is not POD:
            return
        name, statuses = change.object["metadata"]["name"], change.object.get("status") or {}
        ended = [one for one in statuses.get("containerStatuses") or () if one["name"] == "helper"]
        is_over = change.type == "DELETED" or any("terminated" in one["state"] for one in ended)
        (live.discard if is_over else live.add)(name)
        most = max(most, len(live))

    stage.cluster.store.listen(hear)
    try:
        yield lambda: most
    finally:
        stage.cluster.store.stop_listening(hear)


async def seated(found: Several, count: int = 2) -> None:
    def has_each() -> bool:
        return len(set(found.holders()) - {""}) == count

    await wait.until("a seat for each", has_each, 20)


async def finished(found: Several, jobs: list[CoordinatorJob], seconds: float = 90) -> None:
    async with asyncio.timeout(seconds):
        for job in jobs:
            await job.finished.wait()
    for job in jobs:
        assert (job.state, job.handed_out) == ("success", 1), job.trace.decode()


async def nothing_stays(stage: EmbeddedCluster) -> None:
    async def is_empty() -> bool:
        return not await stage.objects()

    await wait.until("no object of a job", is_empty, 15)


async def test_limits_are_the_installations(stage: EmbeddedCluster) -> None:
    async with several(stage, {"concurrent": 5}) as found, counted(stage) as most:
        await seated(found)
        jobs = [found.gitlab.enqueue(JobSpec(name=f"job-{n}", script=("true",))) for n in range(40)]
        await finished(found, jobs)
        await nothing_stays(stage)
        assert most() <= 5
        assert len({job.system_id for job in jobs}) == 2, "one manager has had all jobs"


async def test_either_may_be_killed(stage: EmbeddedCluster) -> None:
    async with several(stage, {"concurrent": 6}) as found:
        await seated(found)
        for victim in (found.settler(), 1 - found.settler()):
            specs = [JobSpec(name=f"job-{n}", script=(SLOW,)) for n in range(5)]
            jobs = [found.gitlab.enqueue(spec) for spec in specs]
            for job in jobs:
                await wait.trace_holds(found.gitlab.coordinator, job, "line 1\n")
            await found.managers[victim].kill()
            await finished(found, jobs)
            await nothing_stays(stage)  # the other has settled them
            assert {trace.printed(job.trace, "step_script") for job in jobs} == {PRINTED}
            await found.managers[victim].start()
            await seated(found)


async def test_one_that_is_cut_off_settles_and_asks_no_more(stage: EmbeddedCluster) -> None:
    async with several(stage, {"concurrent": 6}) as found:
        await seated(found)
        victim = found.settler()
        other = found.managers[1 - victim]
        job = found.gitlab.enqueue(JobSpec(script=(SLOW,)))
        await wait.trace_holds(found.gitlab.coordinator, job, "line 1\n")
        found.cut_off(victim)
        await wait.until("the other's turn", lambda: "Settles jobs" in other.log, 20)
        assert "Settles no more jobs" in found.managers[victim].log, "both settle at once"
        later = [found.gitlab.enqueue(JobSpec(name=f"n-{n}", script=("true",))) for n in range(4)]
        await finished(found, [job])
        found.let_in(victim)
        await finished(found, later)
        await nothing_stays(stage)


async def test_a_runners_own_limit_is_for_all(stage: EmbeddedCluster) -> None:
    async with several(stage, {"concurrent": 9}, limit=2) as found, counted(stage) as most:
        await seated(found)
        jobs = [found.gitlab.enqueue(JobSpec(name=f"job-{n}", script=("true",))) for n in range(12)]
        await finished(found, jobs)
        assert most() == 2


async def test_clocks_that_are_a_minute_off(stage: EmbeddedCluster) -> None:
    """One is a minute early and one late: nobody is taken for dead, no launch for cut off."""
    stage.cluster.faults.add(ApiSlow(seconds=2, verb="create", resource="pods"))
    async with several(stage, {"concurrent": 4}, skews=(60, -60)) as found:
        await seated(found)
        before = found.holders()
        jobs = [found.gitlab.enqueue(JobSpec(name=f"job-{n}", script=(SLOW,))) for n in range(6)]
        await finished(found, jobs)
        await nothing_stays(stage)
        assert found.holders() == before
        assert {trace.printed(job.trace, "step_script") for job in jobs} == {PRINTED}
        await found.managers[found.settler()].kill()
        last = found.gitlab.enqueue(JobSpec(script=("true",)))
        await finished(found, [last])
        await nothing_stays(stage)


async def test_pause_pods_are_the_settlers(stage: EmbeddedCluster) -> None:
    autoscaler = {"policy": [{"idle_count": 2}]}
    async with several(stage, {"concurrent": 4}, autoscaler=autoscaler) as found:
        await seated(found)
        await wait.until("the Deployment", lambda: bool(stage.cluster.objects("deployments")))
        (made,) = stage.cluster.objects("deployments")
        victim = found.settler()
        await found.managers[victim].kill()
        other = found.managers[1 - victim]
        await wait.until("the other's turn", lambda: "Settles jobs" in other.log, 20)

        def is_written() -> bool:
            (now,) = stage.cluster.objects("deployments")
            return bool(now["metadata"]["resourceVersion"] != made["metadata"]["resourceVersion"])

        await wait.until("the other to go on with it", is_written)
        await other.stop()
        assert stage.cluster.objects("deployments") == []


async def test_one_that_stands_still_and_wakes_up(stage: EmbeddedCluster) -> None:
    """SIGSTOP: it knows nothing of the time that has passed."""
    async with several(stage, {"concurrent": 6}) as found, counted(stage) as most:
        await seated(found)
        victim = found.settler()
        other = found.managers[1 - victim]
        jobs = [found.gitlab.enqueue(JobSpec(name=f"j-{n}", script=(SLOW,))) for n in range(2)]
        for job in jobs:
            await wait.trace_holds(found.gitlab.coordinator, job, "line 1\n")
        os.kill(found.managers[victim].pid, signal.SIGSTOP)
        await wait.until("the other's turn", lambda: "Settles jobs" in other.log, 20)
        await finished(found, jobs)
        os.kill(found.managers[victim].pid, signal.SIGCONT)
        later = [found.gitlab.enqueue(JobSpec(name=f"n-{n}", script=("true",))) for n in range(9)]
        await finished(found, later)
        await nothing_stays(stage)
        assert most() <= 6
