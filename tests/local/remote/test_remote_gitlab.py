"""The coordinator driven from afar, over its control API, without a cluster between."""

from __future__ import annotations

import asyncio
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest

from harness.gitlab import make_repository
from local.coordinator.caller import Caller
from podlane.core.text.token import Token
from podlane.errors import Unavailable
from podlane.local.coordinator import Coordinator
from podlane.local.coordinator.control import HEADER, Control
from podlane.local.pipeline.snapshot import Snapshot
from podlane.local.remote.gitlab import RemoteGitLab
from podlane.local.remote.run import pack

TOKEN = "control-token"
ZIP = b"PK\x05\x06" + bytes(18)


@pytest.fixture
async def coordinator(tmp_path: Path) -> AsyncIterator[Coordinator]:
    found = Coordinator(tmp_path / "gitlab")
    found.more_routes = Control(found, TOKEN).routes()
    async with found:
        yield found


@pytest.fixture
async def remote(coordinator: Coordinator, tmp_path: Path) -> AsyncIterator[RemoteGitLab]:
    url = coordinator.url
    async with (
        RemoteGitLab(url, url, Token(TOKEN), tmp_path) as found,
        asyncio.TaskGroup() as tasks,
    ):
        speaker = tasks.create_task(found.serve())
        yield found
        speaker.cancel()


async def test_a_job_goes_in_and_comes_out(coordinator: Coordinator, remote: RemoteGitLab) -> None:
    token = await remote.add_runner("laptop")
    job = remote.enqueue_whole(lambda job_id, token: {"id": job_id, "token": token, "steps": []})
    seen: list[bytes] = []

    async def follow() -> None:
        async for data in remote.follow(job.id):
            seen.append(data)

    async with asyncio.TaskGroup() as tasks, aiohttp.ClientSession() as http:
        tasks.create_task(follow())
        caller = Caller(coordinator, http, token)
        for _ in range(200):
            if (await caller.ask()).status == 201:
                break
        given = coordinator.job(job.id)
        await caller.patch(given, 0, b"one line\n")
        await caller.patch(given, 9, b"\xff and more\n")
        await caller.upload(given, ZIP, artifact_type="archive", artifact_format="zip")
        await caller.put(given, "failed", failure_reason="script_failure", exit_code=3)
    assert b"".join(seen) == b"one line\n\xff and more\n"
    assert (job.state, job.failure_reason, job.exit_code, job.is_over) == (
        *("failed", "script_failure", 3),
        True,
    )
    assert job.artifacts["archive"].read_bytes() == ZIP


async def test_the_cancel_button(coordinator: Coordinator, remote: RemoteGitLab) -> None:
    job = remote.enqueue_whole(lambda job_id, token: {"id": job_id, "token": token})
    remote.cancel(job.id)
    async for _ in remote.follow(job.id):
        pytest.fail("it has printed nothing")
    assert job.state == "canceled"
    assert coordinator.job(job.id).state == "canceled"


async def test_the_same_job_is_taken_once(coordinator: Coordinator) -> None:
    body = {"id": 7, "token": "t", "payload": {"id": 7, "token": "t"}}
    async with aiohttp.ClientSession(headers={HEADER: TOKEN}) as http:
        for _ in range(2):
            async with http.post(f"{coordinator.url}/control/jobs", json=body) as answer:
                assert answer.status == 200
    assert list(coordinator.jobs) == [7]


@pytest.mark.parametrize("given", ["", "control-toke", "wörd"])
async def test_nobody_else_gives_orders(coordinator: Coordinator, given: str) -> None:
    async with aiohttp.ClientSession() as http:
        for method, path in (("GET", "ready"), ("POST", "jobs"), ("PUT", "projects/a/b")):
            url = f"{coordinator.url}/control/{path}"
            async with http.request(method, url, headers={HEADER: given}) as answer:
                assert answer.status == 403


async def test_the_wrong_token_is_told(coordinator: Coordinator, tmp_path: Path) -> None:
    url = coordinator.url
    async with RemoteGitLab(url, url, Token("other"), tmp_path) as found:
        with pytest.raises(Unavailable, match="the control token is wrong"):
            await found.until_ready()


def git(*words: str) -> bytes:
    return subprocess.run(("git", *words), check=True, capture_output=True).stdout


async def test_a_project_goes_in_whole(
    coordinator: Coordinator, remote: RemoteGitLab, tmp_path: Path
) -> None:
    source = make_repository(tmp_path / "source")
    bare = tmp_path / "bare.git"
    git("clone", "--quiet", "--bare", "--shared", str(source), str(bare))
    taken = Snapshot(bare, "", "", is_dirty=False, changed_files=0, object_format="sha1")
    await remote.put_project("acme/demo", pack(taken, tmp_path / "project.tar.gz"))
    served = coordinator.git.root / "acme/demo.git"
    assert git("-C", str(served), "log", "--format=%s", "main") == b"first\n"
    assert not (served / "objects/info/alternates").exists()


async def test_a_forgotten_coordinator_ends(tmp_path: Path) -> None:
    async with Coordinator(tmp_path / "gitlab") as found:
        async with asyncio.timeout(5):
            await Control(found, TOKEN, patience=0.05).until_forgotten()
