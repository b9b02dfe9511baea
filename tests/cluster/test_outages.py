"""Neighbours that go away: GitLab answers 500 for two minutes, the API server is gone a while."""

from __future__ import annotations

import asyncio
import os
import time

import pytest

from harness import cluster, trace, wait
from harness.play import Open
from harness.scenario import JobSpec, RunnerSpec
from podlane.local.coordinator import Fault

GITLAB_SECONDS = float(os.environ.get("PODLANE_GITLAB_SECONDS", "120"))
LOG_SECONDS = float(os.environ.get("PODLANE_LOG_SECONDS", "20"))
LOG_LINES = int(os.environ.get("PODLANE_LOG_LINES", "8000000"))
API_SECONDS = float(os.environ.get("PODLANE_API_SECONDS", "20"))


def _ticking(name: str, seconds: int) -> JobSpec:
    ticks = f'i=0; while [ $i -lt {seconds} ]; do i=$((i+1)); echo "tick $i"; sleep 1; done'
    return JobSpec(name=name, script=("echo started", ticks))


def _ticks(seconds: int) -> bytes:
    return "".join(["started\n", *(f"tick {n}\n" for n in range(1, seconds + 1))]).encode()


async def test_gitlab_answers_500_while_a_job_runs_and_one_ends(scene: Open) -> None:
    long = int(GITLAB_SECONDS) + 10
    async with scene() as play:
        jobs = [play.gitlab.enqueue(_ticking(*what)) for what in (("ends", 10), ("lasts", long))]
        play.jobs = {job.name: job for job in jobs}
        for job in jobs:
            await wait.trace_holds(play.gitlab.coordinator, job, "tick 2\n")
        until = time.time() + GITLAB_SECONDS
        play.gitlab.coordinator.faults.add(Fault("*", status=500, until=until))
        late = play.gitlab.enqueue(_ticking("late", 1))
        play.jobs["late"] = late
        async with asyncio.timeout(GITLAB_SECONDS + 100):
            for job in (*jobs, late):
                await job.finished.wait()
        await play.nothing_stays()
        for job, ticks in zip((*jobs, late), (10, long, 1), strict=True):
            assert job.state == "success"
            assert job.handed_out == 1
            assert trace.printed(job.trace, "step_script") == _ticks(ticks)
        assert "Could not ask for a job" in play.manager.log
        assert "Traceback" not in play.manager.log


@pytest.mark.timeout(LOG_SECONDS + 240)
async def test_a_long_log_while_gitlab_is_away(scene: Open) -> None:
    """63 MB, as a rule; the script does not wait, and the helper stays within 64 MiB of memory."""
    config = {"output_limit": 100_000, "kubernetes": {"helper_memory_limit": "64Mi"}}
    counting = (
        "echo begun; sleep 2; began=$(date +%s)",
        f"seq {LOG_LINES}",
        "took=$(($(date +%s) - began)); echo; echo took $took",
    )
    async with scene(runners=(RunnerSpec(config=config),)) as play:
        job = play.gitlab.enqueue(JobSpec(script=counting))
        play.jobs = {job.name: job}
        await wait.trace_holds(play.gitlab.coordinator, job, "begun\n")
        until = time.time() + LOG_SECONDS
        away = play.gitlab.coordinator.faults.add(Fault("*", "drop", until=until))
        async with asyncio.timeout(LOG_SECONDS + 100):
            await job.finished.wait()
        assert (job.state, job.checksum_matches) == ("success", True)
        assert away.hits
        printed = trace.printed(job.trace, "step_script")
        lines = "".join(f"{number}\n" for number in range(1, LOG_LINES + 1)).encode()
        began, _, ended = printed.partition(lines)
        assert began == b"begun\n"
        took = int(ended.removeprefix(b"\ntook "))
        assert took < LOG_SECONDS, took
        back, done = until, job.moments["success"]
        print(f"{job.trace_size} bytes, {took} s to print, {done - back:.1f} s after the outage")
        await play.nothing_stays()


@pytest.mark.alone
async def test_the_api_server_goes_away(scene: Open) -> None:
    async with scene() as play:
        runs = play.gitlab.enqueue(_ticking("runs", 12))
        play.jobs["runs"] = runs
        await wait.trace_holds(play.gitlab.coordinator, runs, "tick 2\n")
        await cluster.part("stop", "apiserver")
        try:
            late = play.gitlab.enqueue(_ticking("late", 1))
            play.jobs["late"] = late
            await asyncio.sleep(API_SECONDS)
            assert runs.state == "success", "a running job needs no API server"
        finally:
            await cluster.part("start", "apiserver")
        # the kubelet asks again only after pauses of up to half a minute
        await play.gitlab.coordinator.wait_finished(late.id, 120)
        await play.nothing_stays(30)
        for job, ticks in ((runs, 12), (late, 1)):
            assert job.state == "success"
            assert job.handed_out == 1
            assert trace.printed(job.trace, "step_script") == _ticks(ticks)
        assert "Traceback" not in play.manager.log
