"""The figures at the end of a log against the kernel's own; memory that runs out in a real clone.

A kernel kills before it refuses; with cgroup v1 it can be told not to, and then a call fails, as it
does by itself on older kernels and in sandboxes: "fatal: write error: Cannot allocate memory".
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from harness import gitlab, wait
from harness.cluster import RealCluster
from harness.play import Open, Play
from harness.scenario import JobSpec, RunnerSpec
from podlane.local.coordinator import CoordinatorJob

MEBIBYTE = 1024 * 1024
CGROUP = Path("/sys/fs/cgroup")
HOLD = "perl -e '$x = \"x\"; $x x= 200 << 20; sleep 3; while ((times)[0] < 2) {}'"
FIGURES = (
    "cd /sys/fs/cgroup; cat memory.peak 2>/dev/null || cat memory/memory.max_usage_in_bytes; "
    "sed -n 's/^usage_usec //p' cpu.stat | grep . || cut -c1-10 cpuacct/cpuacct.usage"
)
UNTIL_NO_KILLS = (
    "until grep -q 'oom_kill_disable 1' /sys/fs/cgroup/memory/memory.oom_control; "
    "do sleep 0.1; done"
)
STREAMED = {  # git writes what comes and holds little of it
    "GIT_CONFIG_COUNT": "2",
    "GIT_CONFIG_KEY_0": "core.bigFileThreshold",
    "GIT_CONFIG_VALUE_0": "1m",
    "GIT_CONFIG_KEY_1": "fetch.unpackLimit",
    "GIT_CONFIG_VALUE_1": "1",
}
RAM = {"empty_dir": [{"name": "ram", "mount_path": "/builds", "medium": "Memory"}]}


def runner(pre_script: str = "", **kubernetes: Any) -> tuple[RunnerSpec, ...]:
    return (RunnerSpec(config={"pre_get_sources_script": pre_script, "kubernetes": kubernetes}),)


async def run(play: Play, spec: JobSpec) -> CoordinatorJob:
    job = play.jobs["job"] = play.gitlab.enqueue(spec)
    await play.gitlab.coordinator.wait_finished(job.id, 90)
    return job


def last_lines(job: CoordinatorJob) -> str:
    """The log without colours, from the block of figures on."""
    text = re.sub(r"\x1b\[[0-9;]*[mK]", "", job.trace.decode())
    return text[text.index("Resource report") :]


@asynccontextmanager
async def no_kills(stage: RealCluster, container: str) -> AsyncIterator[None]:
    """Tell the kernel to kill nobody in a container of the one pod: calls get no memory instead."""
    found: list[Path] = []

    async def is_there() -> bool:
        for pod in await stage.items("pods"):
            for status in pod["status"].get("containerStatuses", ()):
                name = status.get("containerID", "").rpartition("/")[2]
                if status["name"] == container and name:
                    found.extend((CGROUP / "memory" / "kubepods").rglob(name))
        return bool(found)

    await wait.until(f"the cgroup of container {container}", is_there)
    (found[0] / "memory.oom_control").write_text("1")
    async with asyncio.TaskGroup() as group:
        easing = group.create_task(_ease(found[0]))
        try:
            yield
        finally:
            easing.cancel()


async def _ease(cgroup: Path) -> None:
    """A page fault that gets no memory waits for ever: let those on, so that a call is refused."""
    while True:
        await asyncio.sleep(0.1)
        with contextlib.suppress(FileNotFoundError):  # the container has ended
            if "under_oom 1" in (cgroup / "memory.oom_control").read_text():
                limit = int((cgroup / "memory.limit_in_bytes").read_text())
                for name in ("memory.memsw.limit_in_bytes", "memory.limit_in_bytes"):
                    if (cgroup / name).exists():
                        (cgroup / name).write_text(str(limit + MEBIBYTE))


needs_version_1 = pytest.mark.skipif(
    not (CGROUP / "memory").is_dir() or os.geteuid() != 0,
    reason="only cgroup v1 can be told not to kill, and only by root",
)


async def test_the_figures_are_the_kernels(scene: Open) -> None:
    async with scene(runners=runner(memory_limit="1Gi")) as play:
        job = await run(play, JobSpec(script=(HOLD, FIGURES), image="debian-git:1"))
        assert job.state == "success"
        peak, cpu = re.findall(r"^(\d{6,})$", job.trace.decode(), re.M)
        said = re.search(r"build +memory (\d+) MiB of 1 GiB .*CPU ([\d.]+) s", last_lines(job))
        assert said is not None
        assert int(said[1]) == pytest.approx(int(peak) / MEBIBYTE, rel=0.1)
        seconds = int(cpu) / (1e6 if (CGROUP / "cpu.stat").exists() else 1e9)
        assert float(said[2]) == pytest.approx(seconds, rel=0.1)


async def test_git_is_killed_and_the_helper_lives_to_tell(
    scene: Open, stage: RealCluster, tmp_path: Path
) -> None:
    stage.repository = gitlab.make_repository(tmp_path / "big", noise=(1, 80 * MEBIBYTE))
    async with scene(runners=runner(helper_memory_limit="48Mi")) as play:
        job = await run(play, JobSpec(script=("echo never-seen",)))
        end = last_lines(job)
        assert (job.state, job.failure_reason) == ("failed", "runner_system_failure")
        assert "git ran out of memory" in end
        assert "The helper container ran out of memory: the kernel killed a process" in end
        assert "running `git fetch` (limit 48 MiB, peak 48 MiB)" in end
        assert "hint: raise `helper_memory_limit` in [runners.kubernetes]" in end
        assert "KUBERNETES_HELPER_MEMORY_LIMIT" in end


@needs_version_1
async def test_a_write_of_gits_gets_no_memory(
    scene: Open, stage: RealCluster, tmp_path: Path
) -> None:
    stage.repository = gitlab.make_repository(tmp_path / "big", noise=(2, 60 * MEBIBYTE))
    runners = runner(UNTIL_NO_KILLS, helper_memory_limit="64Mi", volumes=RAM)
    async with scene(runners=runners) as play:
        spec = JobSpec(script=("echo never-seen",), variables=STREAMED)
        job = play.jobs["job"] = play.gitlab.enqueue(spec)
        async with no_kills(stage, "helper"):
            await play.gitlab.coordinator.wait_finished(job.id, 60)
        end = last_lines(job)
        assert (job.state, job.failure_reason) == ("failed", "runner_system_failure")
        assert "fatal: write error: Cannot allocate memory" in job.trace.decode()
        assert "git ran out of memory" in end
        assert "The helper container ran out of memory: a call was refused" in end
        assert re.search(r"running `git fetch` \(limit 6\d MiB, peak 6\d MiB\)", end)
        assert "hint: raise `helper_memory_limit` in [runners.kubernetes]" in end


@needs_version_1
async def test_a_write_of_the_script_gets_no_memory(scene: Open, stage: RealCluster) -> None:
    fill = "fallocate -l 200M /builds/full"
    async with scene(runners=runner(memory_limit="64Mi", volumes=RAM)) as play:
        spec = JobSpec(script=(UNTIL_NO_KILLS, fill), image="debian-git:1")
        job = play.jobs["job"] = play.gitlab.enqueue(spec)
        async with no_kills(stage, "build"):
            await play.gitlab.coordinator.wait_finished(job.id, 60)
        end = last_lines(job)
        assert (job.state, job.failure_reason) == ("failed", "script_failure")
        assert f"a call was refused, running `{fill}` (limit 6" in end
        assert "hint: raise `memory_limit` in [runners.kubernetes]" in end
