"""`run-single`: a runner by its flags, which ends after so many jobs or when none comes."""

from __future__ import annotations

import asyncio
import os
import time

import tomlkit

from harness import gitlab
from harness.embedded import EmbeddedCluster
from harness.manager import COMMAND
from harness.scenario import JobSpec


async def single(stage: EmbeddedCluster, url: str, token: str, *flags: str) -> tuple[int, str]:
    own = stage.runner()
    host = own["kubernetes"].pop("host")
    file = stage.folder / "config.toml"
    file.write_text(tomlkit.dumps({"runners": [{"name": "other"}, {"name": "base", **own}]}))
    process = await asyncio.create_subprocess_exec(
        COMMAND,
        "run-single",
        f"--config={file}",
        "--runner=base",
        f"--url={url}",
        f"--kubernetes-host={host}",
        *flags,
        env={**os.environ, **stage.environ(), "HOME": str(stage.folder), "CI_SERVER_TOKEN": token},
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    async with asyncio.timeout(60):
        out, _ = await process.communicate()
    return process.returncode or 0, out.decode()


async def test_it_ends_after_so_many_jobs(stage: EmbeddedCluster) -> None:
    async with gitlab.serve(stage.folder / "gitlab", stage.repository, stage.host) as served:
        token = served.coordinator.register_runner().token
        jobs = [served.enqueue(JobSpec(script=("echo hello",))) for _ in range(3)]
        code, said = await single(stage, served.coordinator.url, token, "--max-builds=2")
        assert code == 0, said
        assert [job.state for job in jobs] == ["success", "success", "pending"], said
        assert await stage.objects() == []
        assert token not in said


async def test_it_ends_when_no_job_comes(stage: EmbeddedCluster) -> None:
    async with gitlab.serve(stage.folder / "gitlab", stage.repository, stage.host) as served:
        served.coordinator.queue.long_poll = 1.0
        token = served.coordinator.register_runner().token
        before = time.monotonic()
        code, said = await single(stage, served.coordinator.url, token, "--wait-timeout=2")
        assert code == 0, said
        assert time.monotonic() - before >= 2
        assert "No job has come" in said


async def test_what_it_needs_is_said(stage: EmbeddedCluster) -> None:
    code, said = await single(stage, "", "", "--max-builds=1")
    assert code == 2
    assert "needs --url and --token" in said
