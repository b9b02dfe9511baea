"""How a manager leaves, what a reload changes of it, and where its errors go."""

from __future__ import annotations

import asyncio
import signal
import time

from harness import gitlab, http_server, manager, play, wait
from harness.embedded import EmbeddedCluster
from harness.http_server import Call, Said
from harness.manager import Manager
from harness.scenario import JobSpec
from podlane.local.cluster.faults import ApiDown

JOB = JobSpec(script=("echo hello",))


async def test_a_launch_in_flight_has_the_time_of_shutdown_timeout(stage: EmbeddedCluster) -> None:
    stage.cluster.faults.add(ApiDown(verb="create", resource="secrets", status=500))
    async with gitlab.serve(stage.folder / "gitlab", stage.repository, stage.host) as served:
        config = play.config_for(stage, served, {"shutdown_timeout": 3})
        started = Manager(stage.folder / "m", config, stage.environ())
        await started.start()
        served.enqueue(JOB)
        await wait.until("a launch that is stuck", lambda: "Cannot make the job" in started.log)
        before = time.monotonic()
        assert await started.stop() == 0
        assert 2.5 < time.monotonic() - before < 9


async def test_a_second_signal_waits_for_nothing(stage: EmbeddedCluster) -> None:
    stage.cluster.faults.add(ApiDown(verb="create", resource="secrets", status=500))
    async with gitlab.serve(stage.folder / "gitlab", stage.repository, stage.host) as served:
        config = play.config_for(stage, served, {"shutdown_timeout": 3600})
        started = Manager(stage.folder / "m", config, stage.environ())
        await started.start()
        served.enqueue(JOB)
        await wait.until("a launch that is stuck", lambda: "Cannot make the job" in started.log)
        async with asyncio.TaskGroup() as group:
            ending = group.create_task(started.stop(signal.SIGTERM))
            await wait.until("its leaving", lambda: "Stopping" in started.log)
            assert not ending.done()
            assert await started.stop(signal.SIGTERM) == 0


async def test_a_reload_changes_the_log_and_says_what_it_does_not_change(
    stage: EmbeddedCluster,
) -> None:
    async with gitlab.serve(stage.folder / "gitlab", stage.repository, stage.host) as served:
        config = play.config_for(stage, served, {"log_level": "error"})
        async with manager.running(stage.folder / "m", config, stage.environ()) as started:
            job = served.enqueue(JOB)
            await served.coordinator.wait_finished(job.id, 30)
            assert "Received a job" not in started.log
            changed = {"log_level": "info", "log_format": "json", "listen_address": "127.0.0.1:0"}
            started.write(config | changed)
            word = '"msg": "A change of listen_address counts after a restart"'
            await wait.until("the new form", lambda: word in started.log)
            job = served.enqueue(JOB)
            await served.coordinator.wait_finished(job.id, 30)
            assert '"msg": "Received a job"' in started.log


async def test_errors_reach_the_sentry_of_the_environment_without_secrets(
    stage: EmbeddedCluster,
) -> None:
    bodies: list[bytes] = []

    def take(call: Call) -> Said:
        bodies.append(call.body)
        return Said(200, {}, b"{}")

    with http_server.serve(take) as sentry:
        dsn = {"SENTRY_DSN": f"{sentry.url.replace('://', '://key@')}/7"}
        async with gitlab.serve(stage.folder / "gitlab", stage.repository, stage.host) as served:
            config = play.config_for(stage, served)
            stranger = {"name": "stranger", "token": "glrt-0123456789stranger"}
            config["runners"].append(config["runners"][0] | stranger)
            async with manager.running(stage.folder / "m", config, {**stage.environ(), **dsn}):
                await wait.until("the event", lambda: bool(bodies))
    (body,) = bodies
    assert b"GitLab refuses the runner, which rests now" in body
    assert b"or the runner was deleted: `podlane verify` tells" in body
    assert b"stranger" in body
    assert b"glrt-" not in body


async def test_a_sentry_dsn_that_is_none_is_refused_and_not_repeated(
    stage: EmbeddedCluster,
) -> None:
    wrong = Manager(stage.folder / "m", {"sentry_dsn": "key-of-mine@x"}, stage.environ())
    await wrong.start()
    assert await wrong.ended() == 2
    assert "line 1: `sentry_dsn` is no address of a Sentry project" in wrong.log
    other = Manager(stage.folder / "n", {}, {**stage.environ(), "SENTRY_DSN": "key-of-mine@x"})
    await other.start()
    assert await other.ended() == 2
    assert "`SENTRY_DSN` is no address" in other.log
    assert "key-of-mine" not in wrong.log + other.log
