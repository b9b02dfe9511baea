"""Faults of a config.toml under a real manager: a faulty runner stops none of the others."""

from __future__ import annotations

import aiohttp

from harness import gitlab, manager, play, wait
from harness.embedded import EmbeddedCluster
from harness.scenario import JobSpec, RunnerSpec, merge

HELLO = JobSpec(script=("echo hello",))


async def test_a_runner_with_faults_is_left_out_and_the_others_run(
    stage: EmbeddedCluster, unused_tcp_port: int
) -> None:
    async with gitlab.serve(stage.folder / "gitlab", stage.repository, stage.host) as served:
        good = play.config_for(stage, served)
        entry = good["runners"][0]
        faulty = merge(entry, {"name": "faulty", "token": "glrt-faulty", "limit": -1})
        nowhere = {"kubernetes": {"context": "nowhere"}}
        lost = merge(entry, {"name": "lost", "token": "glrt-lost"}) | nowhere
        told = f"127.0.0.1:{unused_tcp_port}"
        config = good | {"listen_address": told, "runners": [faulty, lost, entry]}
        async with manager.running(stage.folder / "m", config, stage.environ()) as started:
            job = served.enqueue(HELLO)
            await served.coordinator.wait_finished(job.id, 30)
            assert job.state == "success", started.log
            assert '#1 \\"faulty\\" limit` must be 0 or more, and is -1' in started.log
            assert "A runner with faults takes no jobs" in started.log
            assert "A runner cannot be set up and is left out" in started.log
            assert "glrt-" not in started.log
            ready = await get(f"http://{told}/health/ready")
            assert ready.splitlines() == [
                "ready",
                '[[runners]] #1 "faulty" is left out for its faults: the log names them',
                "lost is left out for its faults: the log names them",
            ]
            assert "podlane_runners_left_out 2.0" in await get(f"http://{told}/metrics")


async def test_a_runner_that_becomes_faulty_keeps_its_settings(stage: EmbeddedCluster) -> None:
    async with gitlab.serve(stage.folder / "gitlab", stage.repository, stage.host) as served:
        runners = (RunnerSpec("a", tags=("a",)), RunnerSpec("b", tags=("b",)))
        config = play.config_for(stage, served, runners=runners)
        a, b = config["runners"]
        async with manager.running(stage.folder / "m", config, stage.environ()) as started:
            first = served.enqueue(JobSpec(script=("true",), tags=("a",)))
            await served.coordinator.wait_finished(first.id, 30)
            started.write(config | {"runners": [merge(a, {"limit": "many"}), b]})
            await wait.until("the reload", lambda: "Configuration loaded" in started.log)
            assert "A runner with faults keeps its old settings" in started.log
            jobs = [served.enqueue(JobSpec(script=("true",), tags=(tag,))) for tag in "ab"]
            for job in jobs:
                await served.coordinator.wait_finished(job.id, 30)
            assert [job.state for job in jobs] == ["success", "success"]


async def get(url: str) -> str:
    async with aiohttp.ClientSession() as session, session.get(url) as answer:
        assert answer.status == 200
        return await answer.text()
