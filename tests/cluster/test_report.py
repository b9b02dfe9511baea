"""The figures at the end of a log, against the kernel's own, and memory that runs out for real."""

from __future__ import annotations

import re

from harness.play import Open
from harness.scenario import JobSpec, RunnerSpec

HOLD = "perl -e '$x = \"x\"; $x x= 200 << 20; sleep 3; while ((times)[0] < 2) {}'"
FIGURES = "cat /sys/fs/cgroup/memory/memory.max_usage_in_bytes /sys/fs/cgroup/cpuacct/cpuacct.usage"


async def test_figures_agree_with_the_kernels(scene: Open) -> None:
    runner = RunnerSpec(config={"kubernetes": {"memory_limit": "1Gi"}})
    async with scene(runners=(runner,)) as play:
        job = play.gitlab.enqueue(JobSpec(script=(HOLD, FIGURES), image="debian-git:1"))
        play.jobs["job"] = job
        await play.gitlab.coordinator.wait_finished(job.id, 60)
        text = job.trace.decode()
        print(text)
        assert job.state == "success"
        found = re.search(r"^(\d{6,})\n(\d{6,})\n", text, re.M)
        assert found
        said = re.search(r"build +memory (\d+) MiB of 1 GiB \(\d+ %\).*CPU ([\d.]+) s", text)
        assert said
        assert abs(int(said[1]) - int(found[1]) / 2**20) < 0.1 * int(found[1]) / 2**20
        assert abs(float(said[2]) - int(found[2]) / 1e9) < 0.1 * int(found[2]) / 1e9
