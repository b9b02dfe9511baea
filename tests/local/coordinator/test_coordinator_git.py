"""Real git over HTTP: who may clone, what is there, and nothing left behind."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import os
from pathlib import Path

import pytest

from harness import wait
from harness.gitlab import make_repository
from local.coordinator.caller import Caller
from podlane.errors import PodlaneError
from podlane.local.coordinator import Coordinator, CoordinatorJob, Fault
from podlane.local.coordinator import git as server

PLAIN = {key: value for key, value in os.environ.items() if not key.startswith("GIT_")}
ENVIRON = PLAIN | {
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_CONFIG_GLOBAL": "/dev/null",
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_AUTHOR_NAME": "dev",
    "GIT_AUTHOR_EMAIL": "dev@example.com",
    "GIT_COMMITTER_NAME": "dev",
    "GIT_COMMITTER_EMAIL": "dev@example.com",
}


async def git(*words: str | Path) -> tuple[int, str]:
    process = await asyncio.create_subprocess_exec(
        "git",
        *map(str, words),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        env=ENVIRON,
    )
    async with asyncio.timeout(20):
        said, _ = await process.communicate()
    return process.returncode or 0, said.decode().strip()


@pytest.fixture
def source(tmp_path: Path) -> Path:
    return make_repository(tmp_path / "source")


@pytest.fixture
async def job(gitlab: Coordinator, caller: Caller, source: Path) -> CoordinatorJob:
    gitlab.git.add("acme/demo", source)
    return await caller.take()


def _url(job: CoordinatorJob) -> str:
    return str(job.payload["git_info"]["repo_url"])


async def test_payload_names_what_is_served(job: CoordinatorJob, source: Path) -> None:
    info = job.payload["git_info"]
    assert info["sha"] == (await git("-C", source, "rev-parse", "HEAD"))[1]
    assert info["ref"] == "main"


async def test_clone(job: CoordinatorJob, tmp_path: Path) -> None:
    code, said = await git("clone", _url(job), tmp_path / "copy")
    assert code == 0, said
    assert (tmp_path / "copy" / "README.md").read_text() == "a demo\n"


async def test_fetch_by_the_refspecs_of_the_payload(job: CoordinatorJob, tmp_path: Path) -> None:
    info, folder = job.payload["git_info"], tmp_path / "copy"
    await git("init", folder)
    code, said = await git("-C", folder, "fetch", "--depth", "1", _url(job), *info["refspecs"])
    assert code == 0, said
    for ref in ("refs/pipelines/700", "refs/remotes/origin/main"):
        assert await git("-C", folder, "rev-parse", ref) == (0, info["sha"])


async def test_many_haves_are_packed_by_gzip(
    gitlab: Coordinator, job: CoordinatorJob, source: Path, tmp_path: Path
) -> None:
    """A long negotiation is sent with Content-Encoding: gzip."""
    copy = tmp_path / "copy"
    await git("clone", _url(job), copy)
    for folder, count in ((copy, 60), (source, 1)):
        for number in range(count):
            await git("-C", folder, "commit", "--allow-empty", "-m", f"{folder.name} {number}")
    sha = (await git("-C", source, "rev-parse", "HEAD"))[1]
    gitlab.git.set_ref("acme/demo", "refs/heads/next", sha)
    code, said = await git("-C", copy, "fetch", "origin", "next")
    assert code == 0, said
    assert await git("-C", copy, "rev-parse", "FETCH_HEAD") == (0, sha)


async def test_large_repository_comes_whole(
    gitlab: Coordinator, caller: Caller, tmp_path: Path
) -> None:
    source = make_repository(tmp_path / "large", files=1)
    (source / "blob").write_bytes(os.urandom(8 << 20))
    await git("-C", source, "add", ".")
    await git("-C", source, "commit", "-m", "large")
    gitlab.git.add("acme/demo", source)
    code, said = await git("clone", _url(await caller.take()), tmp_path / "copy")
    assert code == 0, said
    assert (tmp_path / "copy" / "blob").read_bytes() == (source / "blob").read_bytes()


async def test_token_is_good_while_the_job_lives(
    gitlab: Coordinator, caller: Caller, job: CoordinatorJob
) -> None:
    assert (await git("ls-remote", _url(job)))[0] == 0
    await caller.put(job, "success")
    code, said = await git("ls-remote", _url(job))
    assert code != 0
    assert "Authentication failed" in said
    waiting = gitlab.enqueue()
    assert (await git("ls-remote", _url(waiting)))[0] != 0


@pytest.mark.parametrize("authorization", ["", "Basic !!!", "Basic eDp5", "Bearer x", "Basic /w=="])
async def test_no_token_is_401(
    gitlab: Coordinator, caller: Caller, job: CoordinatorJob, authorization: str
) -> None:
    url = f"{gitlab.url}/acme/demo.git/info/refs?service=git-upload-pack"
    headers = {"Authorization": authorization} if authorization else {}
    async with caller.http.get(url, headers=headers) as answer:
        assert answer.status == 401
        assert answer.headers["WWW-Authenticate"].startswith("Basic realm=")


async def test_unknown_project_and_push(job: CoordinatorJob, source: Path) -> None:
    code, said = await git("ls-remote", _url(job).replace("demo", "other"))
    assert code != 0
    assert "not found" in said
    code, said = await git("-C", source, "push", _url(job), "HEAD:refs/heads/new")
    assert code != 0
    assert "403" in said


async def test_path_out_of_the_folder(
    gitlab: Coordinator, job: CoordinatorJob, source: Path
) -> None:
    await git("clone", "--bare", source, gitlab.root / "secret.git")
    base = _url(job).removesuffix("/acme/demo.git")
    for path in ("../secret.git", "%2e%2e/secret.git", "acme/..%2f../../secret.git"):
        assert (await git("ls-remote", f"{base}/{path}"))[0] != 0


async def test_detached_source(gitlab: Coordinator, caller: Caller, source: Path) -> None:
    await git("-C", source, "checkout", "--detach")
    gitlab.git.add("acme/demo", source)
    sha = (await git("-C", source, "rev-parse", "HEAD"))[1]
    assert gitlab.git.head("acme/demo")[1] == sha
    assert (await git("ls-remote", _url(await caller.take())))[0] == 0


async def test_what_is_no_repository_is_refused(gitlab: Coordinator, tmp_path: Path) -> None:
    with pytest.raises(PodlaneError, match="could not prepare"):
        gitlab.git.add("acme/none", tmp_path / "nothing")


async def test_commit_that_is_not_there_is_for_the_job_to_see(
    gitlab: Coordinator, caller: Caller, source: Path
) -> None:
    gitlab.git.add("acme/demo", source)
    job = await caller.take(git_info={"sha": "1" * 40})
    code, said = await git("ls-remote", _url(job), "refs/pipelines/700")
    assert (code, said) == (0, "")


async def test_fault_reaches_git(gitlab: Coordinator, job: CoordinatorJob) -> None:
    gitlab.faults.add(Fault("git", status=500))
    assert (await git("ls-remote", _url(job)))[0] != 0
    assert (await git("ls-remote", _url(job)))[0] == 0
    assert all(job.token not in repr(line) for line in gitlab.requests)


def _backends(gitlab: Coordinator) -> int:
    """How many git processes serve from this folder now."""
    wanted = f"GIT_PROJECT_ROOT={gitlab.git.root}".encode()
    found = 0
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            with contextlib.suppress(OSError):
                found += wanted in (folder / "environ").read_bytes()
    return found


@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="looks at /proc")
async def test_client_that_leaves_in_the_middle_leaves_no_process(
    gitlab: Coordinator, job: CoordinatorJob, caplog: pytest.LogCaptureFixture
) -> None:
    _, writer = await asyncio.open_connection(gitlab.host, gitlab.port)
    secret = base64.b64encode(f"gitlab-ci-token:{job.token}".encode()).decode()
    writer.write(
        b"POST /acme/demo.git/git-upload-pack HTTP/1.1\r\nHost: x\r\n"
        b"Content-Type: application/x-git-upload-pack-request\r\n"
        b"Authorization: Basic " + secret.encode() + b"\r\n"
        b"Content-Length: 1000\r\n\r\n00"
    )
    await wait.until("a backend", lambda: _backends(gitlab) > 0, 5)
    writer.close()
    await wait.until("no backend", lambda: _backends(gitlab) == 0, 5)
    assert not caplog.records


async def test_backend_ends_though_nobody_reads_the_rest() -> None:
    process = await asyncio.create_subprocess_exec(
        *("head", "-c", "5000000", "/dev/zero"),
        stdout=asyncio.subprocess.PIPE,
        start_new_session=True,
    )
    assert process.stdout is not None
    await process.stdout.read(1)
    async with asyncio.timeout(10):
        await server._end(process)
    assert process.returncode is not None
