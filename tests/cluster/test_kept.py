"""A failed job's pod that stays: the line of its log leads in, and a new manager removes it."""

from __future__ import annotations

import re
import shlex

from harness import wait
from harness.cluster import RealCluster, kubectl
from harness.play import Open
from harness.scenario import JobSpec, RunnerSpec

KEPT = RunnerSpec(config={"podlane": {"keep_failed_pods": "20s"}})


async def test_the_line_leads_into_the_pod(stage: RealCluster, scene: Open) -> None:
    async with scene(None, (KEPT,)) as play:
        job = play.gitlab.enqueue(JobSpec(script=("echo from-the-script > made", "exit 3")))
        await play.gitlab.coordinator.wait_finished(job.id, 60)
        assert job.state == "failed"
        found = re.search(r"kubectl (-n \S+ exec )-it (\S+ -c build -- sh)", job.trace.decode())
        folder = re.search(r"the working copy is in (/[\w./-]+)", job.trace.decode())
        assert found is not None
        assert folder is not None
        words = shlex.split(found.group(1) + found.group(2))
        assert await kubectl(*words, "-c", f"cat {folder.group(1)}/made") == "from-the-script\n"
        await play.manager.kill()
        await play.manager.start()
        assert await kubectl(*words, "-c", "echo still-here") == "still-here\n"
        await wait.until(
            "the manager's word", lambda: "failed job stays for a while" in play.manager.log
        )
        await play.nothing_stays(40)
