"""A token near its end, under a real manager: it is exchanged, and no job notices."""

from __future__ import annotations

import stat
import tomllib
from datetime import UTC, datetime, timedelta

from harness import gitlab, play, wait
from harness.embedded import EmbeddedCluster
from harness.manager import Manager
from harness.scenario import JobSpec, RunnerSpec


async def test_jobs_that_run_stay_the_runners_own(stage: EmbeddedCluster) -> None:
    async with gitlab.serve(stage.folder / "gitlab", stage.repository, stage.host) as served:
        coordinator = served.coordinator
        coordinator.runners.token_seconds = 3600
        config = play.config_for(stage, served, runners=(RunnerSpec(config={"limit": 1}),))
        entry = config["runners"][0]
        old, now = entry["token"], datetime.now(UTC).replace(microsecond=0)
        started = Manager(stage.folder / "m", config, stage.environ())
        await started.start()
        until = stage.folder / "go-on"
        waits = JobSpec(script=(f"echo ready; while [ ! -e {until} ]; do sleep 0.2; done",))
        first = served.enqueue(waits)
        await wait.trace_holds(coordinator, first, "ready\n")
        await started.stop()
        entry["token_obtained_at"] = now - timedelta(days=3)
        entry["token_expires_at"] = now + timedelta(hours=1)
        started.write(config)
        started.config_file.chmod(0o600)
        await started.start()
        await wait.until("a new token", lambda: old not in started.config_file.read_text())
        second = served.enqueue(JobSpec(script=("true",)))
        await wait.until("the reload", lambda: "Configuration loaded" in started.log)
        written = tomllib.loads(started.config_file.read_text())["runners"][0]
        assert written["token"] in coordinator.runners.known
        assert written["token_expires_at"] - now < timedelta(hours=1, minutes=5)
        assert stat.S_IMODE(started.config_file.stat().st_mode) == 0o600
        assert second.state == "pending"  # `limit`: the first one is still counted
        until.touch()
        for job in (first, second):
            await coordinator.wait_finished(job.id, 30)
        assert (first.state, second.state) == ("success", "success")
        await play.Play(stage, served, started).nothing_stays()
        assert await started.stop() == 0
        assert "exchanged before its end" in started.log
        assert old not in started.log
        assert written["token"] not in started.log
