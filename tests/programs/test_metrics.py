"""The metrics of a manager that has run jobs, and the page that names them all."""

from __future__ import annotations

import re
from pathlib import Path

from prometheus_client.parser import text_string_to_metric_families

from harness import gitlab, manager, play, wait
from harness.embedded import EmbeddedCluster
from harness.scenario import JobSpec
from podlane.local.cluster.faults import Unschedulable
from programs.test_manager import get

PAGE = Path(__file__).parents[2] / "docs/reference/metrics.md"
Samples = dict[str, list[tuple[dict[str, str], float]]]


def named(text: str) -> Samples:
    found: Samples = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            found.setdefault(sample.name, []).append((sample.labels, sample.value))
    return found


def documented() -> set[str]:
    """The names that the page says are served."""
    rows = re.findall(r"^\| `(\w+)` \| (yes|no meaning|.*?) \|", PAGE.read_text(), re.M)
    return {name for name, word in rows if word != "no meaning"}


async def test_the_page_names_what_is_served(stage: EmbeddedCluster, unused_tcp_port: int) -> None:
    address = f"127.0.0.1:{unused_tcp_port}"
    async with gitlab.serve(stage.folder / "gitlab", stage.repository, stage.host) as served:
        config = play.config_for(stage, served, {"listen_address": address})
        async with manager.running(stage.folder / "m", config, stage.environ()) as started:
            for script, state in (("true", "success"), ("false", "failed")):
                job = served.enqueue(JobSpec(script=(script,)))
                await served.coordinator.wait_finished(job.id, 40)
                assert job.state == state
            await play.Play(stage, served, started).nothing_stays()
            await wait.until("the log to tell of both", lambda: started.log.count("Removed") == 2)
            stage.cluster.faults.add(Unschedulable())
            waiting = served.enqueue(JobSpec(script=("true",)))
            await wait.until("its pod", lambda: bool(stage.cluster.objects("pods")))
            _, text = await get(f"http://{address}/metrics")
            _, jobs = await get(f"http://{address}/debug/jobs/list")
            _, state = await get(f"http://{address}/debug/process/state")
            stage.cluster.faults.clear()
            await served.coordinator.wait_finished(waiting.id, 40)
    found = named(text)
    families = {re.sub(r"_(bucket|sum|count)$", "", name) for name in found}
    ours = {name for name in families if re.match("gitlab_runner|podlane", name)}
    lacking = {"gitlab_runner_kubernetes_autoscaler", "podlane_idle"}  # nothing to tell of here
    expected = {one for one in documented() if not any(one.startswith(x) for x in lacking)}
    assert ours == expected
    assert [value for _, value in found["gitlab_runner_jobs_total"]] == [3]
    [(labels, failed)] = found["gitlab_runner_failed_jobs_total"]
    assert (labels["failure_reason"], failed) == ("script_failure", 1)
    [(_, scripts)] = found["podlane_job_script_seconds_count"]
    assert scripts == 2
    where = {(one["state"], one["executor_stage"]): n for one, n in found["gitlab_runner_jobs"]}
    assert where == {("idle", "idle"): 0, ("pending", "prepare"): 1}
    assert re.fullmatch(
        r"url=\S* state=pending stage= executor_stage=prepare duration=\ds\n", jobs
    ), jobs
    assert state == "running\n"
    assert waiting.token not in text + jobs
