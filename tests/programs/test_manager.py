"""The manager as a process: bad input reaches its administrator, and no other runner's jobs."""

from __future__ import annotations

import time
from pathlib import Path

import aiohttp

from harness import gitlab, manager, play, wait
from harness.embedded import EmbeddedCluster
from harness.manager import Manager
from harness.scenario import JobSpec, RunnerSpec, merge
from podlane.local.cluster.faults import Refused
from podlane.local.coordinator import Fault

HELLO = JobSpec(script=("echo hello",))


async def test_a_wrong_token_and_an_unknown_executor_hurt_no_other_runner(
    stage: EmbeddedCluster,
) -> None:
    async with gitlab.serve(stage.folder / "gitlab", stage.repository, stage.host) as served:
        good = play.config_for(stage, served)
        wrong = merge(good["runners"][0], {"name": "stranger", "token": "glrt-not-known-here"})
        other = merge(good["runners"][0], {"name": "other", "executor": "docker"})
        config = good | {"runners": [wrong, other, *good["runners"]]}
        async with manager.running(stage.folder / "m", config, stage.environ()) as started:
            job = served.enqueue(HELLO)
            await served.coordinator.wait_finished(job.id, 30)
            assert job.state == "success"
            await wait.until("a word on the token", lambda: "stranger" in started.log)
            assert "403" in started.log
            assert "docker" in started.log
            assert "glrt-not-known-here" not in started.log


async def test_half_an_answer_is_no_job(stage: EmbeddedCluster) -> None:
    async with gitlab.serve(stage.folder / "gitlab", stage.repository, stage.host) as served:
        served.coordinator.faults.add(Fault("request", kind="cut"))
        config = play.config_for(stage, served)
        lost = served.enqueue(HELLO)
        async with manager.running(stage.folder / "m", config, stage.environ()) as started:
            await wait.until("a word on it", lambda: "Could not ask for a job" in started.log)
            job = served.enqueue(HELLO)
            await served.coordinator.wait_finished(job.id, 30)
            assert job.state == "success"
            assert lost.handed_out == 1
            assert "Traceback" not in started.log


async def test_a_broken_file_names_line_and_key(stage: EmbeddedCluster, tmp_path: Path) -> None:
    broken = Manager(tmp_path / "broken", {}, stage.environ())
    broken.config_file.write_text('concurrent = 4\n[[runners]]\nurl = "http://127.0.0.1\n')
    await broken.start()
    assert await broken.ended() == 2
    assert "line 3" in broken.log
    wrong = Manager(tmp_path / "wrong", {"concurrent": "many"}, stage.environ())
    await wrong.start()
    assert await wrong.ended() == 2
    assert "concurrent" in wrong.log
    assert "Traceback" not in broken.log + wrong.log


async def test_a_stop_leaves_running_jobs_alone(stage: EmbeddedCluster) -> None:
    async with gitlab.serve(stage.folder / "gitlab", stage.repository, stage.host) as served:
        config = play.config_for(stage, served, runners=(RunnerSpec(),))
        started = Manager(stage.folder / "m", config, stage.environ())
        await started.start()
        ticks = 'for i in 1 2 3 4; do echo "tick $i"; sleep 1; done'
        job = served.enqueue(JobSpec(script=(ticks,)))
        await wait.trace_holds(served.coordinator, job, "tick 1\n")
        before = time.monotonic()
        assert await started.stop() == 0
        assert time.monotonic() - before < 5
        await served.coordinator.wait_finished(job.id, 30)
        assert job.state == "success"
        await started.start()
        await play.Play(stage, served, started).nothing_stays()
        assert await started.stop() == 0


async def test_a_cluster_that_refuses_ends_the_job_and_not_the_manager(
    stage: EmbeddedCluster,
) -> None:
    for code, words in ((404, 'namespaces "ci" not found'), (403, "secrets is forbidden")):
        refused = Refused(why=words, code=code, verb="create", resource="secrets", times=1)
        stage.cluster.faults.add(refused)
    async with gitlab.serve(stage.folder / "gitlab", stage.repository, stage.host) as served:
        config = play.config_for(stage, served)
        async with manager.running(stage.folder / "m", config, stage.environ()) as started:
            jobs = [served.enqueue(HELLO) for _ in range(3)]
            for job in jobs:
                await served.coordinator.wait_finished(job.id, 30)
            ends = sorted((job.state, job.failure_reason) for job in jobs)
            refusal = ("failed", "runner_configuration_error")
            assert ends == [refusal, refusal, ("success", "")], started.log
            said = b"".join(job.trace for job in jobs).decode()
            assert 'namespaces "ci" not found' in said
            assert "secrets is forbidden" in said


async def test_readiness_waits_until_gitlab_knows_the_runner(
    stage: EmbeddedCluster, unused_tcp_port: int
) -> None:
    async with gitlab.serve(stage.folder / "gitlab", stage.repository, stage.host) as served:
        verify = {"enabled": True, "acquire_min_backoff": "100ms", "acquire_max_backoff": "100ms"}
        config = play.config_for(stage, served, {"listen_address": f"127.0.0.1:{unused_tcp_port}"})
        good = merge(config["runners"][0], {"experimental": {"boot_verify": verify}})
        wrong = merge(good, {"name": "stranger", "token": "glrt-not-known-here"})
        config["runners"] = [wrong, good]
        ready = f"http://127.0.0.1:{unused_tcp_port}/health/ready"
        async with manager.running(stage.folder / "m", config, stage.environ()) as started:
            job = served.enqueue(HELLO)
            await served.coordinator.wait_finished(job.id, 30)
            status, text = await get(ready)
            assert status == 503
            assert text.startswith("boot-verify pending\nstranger: ")
            assert "glrt" not in text
            config["runners"] = [good]
            started.write(config)
            await wait.until("readiness", lambda: is_ready(ready))


async def test_a_job_that_waited_too_long_is_counted(
    stage: EmbeddedCluster, unused_tcp_port: int
) -> None:
    async with gitlab.serve(stage.folder / "gitlab", stage.repository, stage.host) as served:
        top = {"listen_address": f"127.0.0.1:{unused_tcp_port}", "concurrent": 1}
        config = play.config_for(stage, served, top)
        entry = {"periods": ["* * * * *"], "timezone": "Asia/Tokyo", "threshold": "4s"}
        watched = {"monitoring": {"job_queuing_durations": [entry]}}
        config["runners"] = [merge(config["runners"][0], watched)]
        async with manager.running(stage.folder / "m", config, stage.environ()) as started:
            await wait.until("the manager", lambda: "Metrics and health" in started.log)
            long = served.enqueue(JobSpec(script=("sleep 6",)))
            await wait.until("the first job", lambda: long.state == "running")
            late = served.enqueue(HELLO)
            await served.coordinator.wait_finished(late.id, 30)
            _, text = await get(f"http://127.0.0.1:{unused_tcp_port}/metrics")
    name = "gitlab_runner_acceptable_job_queuing_duration_exceeded_total"
    found = [line for line in text.splitlines() if line.startswith(name + "{")]
    assert [line.rpartition(" ")[2] for line in found] == ["1.0"]


async def test_an_unknown_time_zone_is_refused_with_the_nearest(
    stage: EmbeddedCluster, tmp_path: Path
) -> None:
    entry = {"periods": ["* * * * *"], "timezone": "Europe/Berln"}
    runner = {"url": "http://127.0.0.1", "token": "t", "name": "one"}
    config = {"runners": [runner | {"monitoring": {"job_queuing_durations": [entry]}}]}
    wrong = Manager(tmp_path / "wrong", config, stage.environ())
    await wrong.start()
    assert await wrong.ended() == 2
    assert (
        "monitoring.job_queuing_durations[0].timezone` is no time zone: Europe/Berln" in wrong.log
    )
    assert "the nearest one is `Europe/Berlin`" in wrong.log


async def get(url: str) -> tuple[int, str]:
    async with aiohttp.ClientSession() as session, session.get(url) as answer:
        return answer.status, await answer.text()


async def is_ready(url: str) -> bool:
    return await get(url) == (200, "ready\n")
