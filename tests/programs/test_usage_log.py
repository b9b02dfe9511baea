"""The usage log of a whole manager: a record for each way in which a job ends."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from harness import gitlab, manager, play, wait
from harness.embedded import EmbeddedCluster
from harness.scenario import JobSpec, RunnerSpec

LABELS = {"team": "a"}


def records(folder: Path) -> dict[str, dict[str, Any]]:
    """By the last part of the address of the job's page."""
    path = folder / "usage-log.json"
    lines = path.read_text().splitlines() if path.exists() else []
    found = [json.loads(line) for line in lines]
    assert len({one["uuid"] for one in found}) == len(found)
    return {one["job"]["url"].rpartition("/")[2]: one for one in found}


def spec(name: str, **fields: Any) -> JobSpec:
    return JobSpec(variables={"CI_JOB_URL": f"https://gitlab.test/g/p/-/jobs/{name}"}, **fields)


async def test_each_end_of_a_job_has_its_record(stage: EmbeddedCluster) -> None:
    logger = {"enabled": True, "logrotate": {"log_dir": str(stage.folder / "usage")}}
    top = {"experimental": {"usage_logger": logger}, "labels": LABELS}
    runner = RunnerSpec(config={"kubernetes": {"allowed_images": ["local"]}})
    async with gitlab.serve(stage.folder / "gitlab", stage.repository, stage.host) as served:
        config = play.config_for(stage, served, top, (runner,))
        async with manager.running(stage.folder / "m", config, stage.environ()):
            jobs = [
                served.enqueue(spec("good", script=("sleep 1",))),
                served.enqueue(spec("bad", script=("exit 3",))),
                served.enqueue(spec("refused", script=("true",), image="forbidden:1")),
            ]
            for job in jobs:
                await served.coordinator.wait_finished(job.id, 40)
            jobs.append(served.enqueue(spec("lost", script=("echo begun", "sleep 60"))))
            await wait.trace_holds(served.coordinator, jobs[3], "begun\n")
            await stage.delete_pods(grace=0)
            await served.coordinator.wait_finished(jobs[3].id, 40)
            folder = stage.folder / "usage"
            await wait.until("the records", lambda: len(records(folder)) == len(jobs))
    found = [records(folder)[name] for name in ("good", "bad", "refused", "lost")]
    ends = [(one["job"]["status"], one["job"].get("failure_reason", "")) for one in found]
    assert ends == [(job.state, job.failure_reason) for job in jobs]
    assert [end[0] for end in ends] == ["success", "failed", "failed", "failed"]
    assert 1 <= found[0]["job"]["duration_seconds"] < 30
    assert {json.dumps(one["labels"]) for one in found} == {json.dumps(LABELS)}
    assert {one["runner"]["name"] for one in found} == {"runner"}
    assert b"glrt-" not in (folder / "usage-log.json").read_bytes()


async def test_a_folder_that_is_not_to_be_written_is_said_at_start_and_hurts_no_job(
    stage: EmbeddedCluster,
) -> None:
    (stage.folder / "file").write_text("")
    logger = {"enabled": True, "log_dir": str(stage.folder / "file/usage")}
    async with gitlab.serve(stage.folder / "gitlab", stage.repository, stage.host) as served:
        config = play.config_for(stage, served, {"experimental": {"usage_logger": logger}})
        async with manager.running(stage.folder / "m", config, stage.environ()) as started:
            await wait.until("a word on it", lambda: "Cannot write the usage log" in started.log)
            job = served.enqueue(JobSpec(script=("true",)))
            await served.coordinator.wait_finished(job.id, 30)
            assert job.state == "success"
            assert started.log.count("Cannot write the usage log") == 1
