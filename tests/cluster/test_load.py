"""Many jobs at once, and a manager that dies among them: no job is lost, no byte of a trace."""

from __future__ import annotations

import asyncio

import pytest

from harness import trace, wait
from harness.play import Open, Play
from harness.scenario import JobSpec
from podlane.local.coordinator import CoordinatorJob


def _numbers(name: str, lines: int = 200) -> JobSpec:
    script = (f"echo {name}", f'i=0; while [ $i -lt {lines} ]; do i=$((i+1)); echo "line $i"; done')
    return JobSpec(name=name, script=script)


def _printed(name: str, lines: int = 200) -> bytes:
    return "".join([f"{name}\n", *(f"line {n}\n" for n in range(1, lines + 1))]).encode()


async def _finished(play: Play, jobs: list[CoordinatorJob], seconds: float) -> None:
    play.jobs = {job.name: job for job in jobs}
    async with asyncio.timeout(seconds):
        for job in jobs:
            await job.finished.wait()


@pytest.mark.alone
async def test_thirty_jobs_ten_at_a_time(scene: Open) -> None:
    async with scene({"concurrent": 10}) as play:
        names = [f"job-{number}" for number in range(30)]
        jobs = [play.gitlab.enqueue(_numbers(name)) for name in names]
        most = 0

        async def watch() -> None:
            nonlocal most
            while not all(job.is_over for job in jobs):
                most = max(most, sum(job.state == "running" for job in jobs))
                await asyncio.sleep(0.05)

        async with asyncio.TaskGroup() as group:
            group.create_task(watch())
            group.create_task(_finished(play, jobs, 180))
        await play.nothing_stays(10)
        for job in jobs:
            assert job.state == "success"
            assert trace.printed(job.trace, "step_script") == _printed(job.name)
            assert job.handed_out == 1
            assert job.final_tries == 1, "the first final PUT was not accepted"
            assert job.checksum_matches
        assert most <= 10


async def test_the_manager_is_killed_while_five_jobs_run(scene: Open) -> None:
    async with scene({"concurrent": 10}) as play:
        slow = 'i=0; while [ $i -lt 12 ]; do i=$((i+1)); echo "line $i"; sleep 1; done'
        specs = [JobSpec(name=f"job-{n}", script=(f"echo job-{n}", slow)) for n in range(5)]
        jobs = [play.gitlab.enqueue(spec) for spec in specs]
        play.jobs = {job.name: job for job in jobs}
        for job in jobs:
            await wait.trace_holds(play.gitlab.coordinator, job, "line 2\n")
        await play.manager.kill()
        await asyncio.sleep(1)
        await play.manager.start()
        await _finished(play, jobs, 60)
        await play.nothing_stays(10)
        for job in jobs:
            assert job.state == "success"
            assert trace.printed(job.trace, "step_script") == _printed(job.name, 12)
            assert job.checksum_matches
            assert job.handed_out == 1
