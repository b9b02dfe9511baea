"""`podlane local --context`: a laptop's project as pods of a real cluster, as a user runs it."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from asyncio.subprocess import PIPE, STDOUT, Process
from pathlib import Path
from textwrap import dedent

import pytest

from harness import wait
from harness.cluster import IMAGE, RealCluster
from harness.gitlab import make_repository

PIPELINE = """
    build:
      stage: build
      image: debian-git:1
      script: [git log -1 --format=%s, mkdir out, echo made > out/a.txt, echo V=7 > v.env]
      artifacts: {paths: [out], reports: {dotenv: v.env}}
    check:
      stage: test
      services:
        - {name: "busybox:1", alias: web, command: [httpd, -f, -p, "8080", -h, /etc]}
      script:
        - cat out/a.txt; echo "version $V"
        - for i in $(seq 50); do wget -qO- http://web:8080/passwd && break; sleep 0.2; done
    fails:
      stage: test
      allow_failure: true
      script: [exit 9]
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return make_repository(tmp_path / "project")


def write(project: Path, text: str) -> None:
    (project / ".gitlab-ci.yml").write_text(dedent(text))


async def start(project: Path, stage: RealCluster, *words: str) -> Process:
    own = ("--context", "local", "--namespace", stage.namespace, "--podlane-image", IMAGE)
    command = (sys.executable, "-m", "podlane", "local", *own, *words)
    return await asyncio.create_subprocess_exec(
        *command, cwd=project, env=dict(os.environ), stdout=PIPE, stderr=STDOUT
    )


async def run(project: Path, stage: RealCluster, *words: str) -> tuple[int, str]:
    process = await start(project, stage, *words)
    out, _ = await asyncio.wait_for(process.communicate(), 150)
    return process.returncode or 0, out.decode()


async def nothing_stays(stage: RealCluster) -> None:
    async def is_empty() -> bool:
        return not (await stage.kubectl("get", "pods,secrets", "-o", "name")).split()

    await wait.until("no pod and no Secret", is_empty, 30, every=0.5)


async def test_images_services_and_artifacts(project: Path, stage: RealCluster) -> None:
    write(project, PIPELINE)
    (project / "README.md").write_text("not committed\n")
    code, out = await run(project, stage, "--image", "busybox:1")
    assert code == 0, out
    assert "| first" in out
    assert "| made" in out
    assert "| version 7" in out
    assert "| root:x:0:0:" in out
    assert "failed (allowed)" in out
    assert "jobs run as processes of this machine" not in out
    assert (project / ".podlane/artifacts/build/out/a.txt").read_text() == "made\n"
    await nothing_stays(stage)


async def test_ctrl_c_cancels(project: Path, stage: RealCluster) -> None:
    write(project, """
        long:
          script: [echo started, sleep 100]
          after_script: ['echo "after: $CI_JOB_STATUS"']
    """)  # fmt: skip
    process = await start(project, stage, "--image", "busybox:1")
    assert process.stdout is not None
    seen = ""
    async with asyncio.timeout(100):
        while not seen.endswith("| started\n"):
            seen += (await process.stdout.readline()).decode()
    process.send_signal(signal.SIGINT)
    rest = (await asyncio.wait_for(process.stdout.read(), 60)).decode()
    assert await process.wait() == 130
    assert "after: canceled" in rest
    await nothing_stays(stage)


async def test_an_image_that_is_not_there(project: Path, stage: RealCluster) -> None:
    write(project, "job: {script: [echo never-seen]}")
    code, out = await run(project, stage, "--podlane-image", "nobody/has-this:1")
    assert code == 1
    assert "nobody/has-this:1" in out
    assert "hint: --podlane-image" in out
    await nothing_stays(stage)


async def test_a_context_that_is_not_there(project: Path, stage: RealCluster) -> None:
    write(project, "job: {script: [echo never-seen]}")
    code, out = await run(project, stage, "--context", "elsewhere")
    assert code == 2
    assert "elsewhere" in out
