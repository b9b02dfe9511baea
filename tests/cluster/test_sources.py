"""The working copy on a builds volume that outlives its jobs, on real kubelets."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest

from harness import trace
from harness.cluster import RealCluster
from harness.gitlab import Gitlab
from harness.play import Open
from harness.scenario import JobSpec, RunnerSpec
from podlane.local.coordinator import CoordinatorJob

SHOW = 'echo "$CI_CONCURRENT_PROJECT_ID in $PWD as $(id -u)"'
FETCHES = ("git fetch -q origin && echo fetched-it", "git -C lib fetch -q && echo fetched-lib")
WHO = ("-c", "user.name=dev", "-c", "user.email=dev@example.com")


def shared(folder: Path, **kubernetes: Any) -> RunnerSpec:
    volume = {"name": "builds", "mount_path": "/builds", "host_path": str(folder)}
    volumes = {"host_path": [volume]}
    return RunnerSpec(config={"kubernetes": {"volumes": volumes, **kubernetes}})


@pytest.fixture
def folder(stage: RealCluster) -> Path:
    made = stage.folder / "builds"
    made.mkdir()
    for path in (made, *made.parents):  # pods of any user must get there
        if stage.folder.parents[1] in (path, *path.parents) or path == stage.folder.parents[1]:
            path.chmod(0o777 if path == made else 0o755)
    return made


def git(where: Path, *words: str) -> str:
    done = subprocess.run(["git", "-C", str(where), *words], check=True, capture_output=True)
    return done.stdout.decode().strip()


def with_submodule(served: Gitlab, root: Path) -> dict[str, Any]:
    """Serve `acme/lib`; give the demo project a commit with it as a submodule, and an LFS file."""
    lib = root / "lib"
    lib.mkdir()
    git(lib, "init", "-q", "-b", "main")
    (lib / "lib.txt").write_text("the library\n")
    git(lib, "add", ".")
    git(lib, *WHO, "commit", "-qm", "lib")
    server = served.coordinator.git
    server.add("acme/lib", lib)
    work = root / "work"
    git(root, "clone", "-q", str(server.path("acme/demo")), str(work))
    (work / ".gitmodules").write_text('[submodule "lib"]\n\tpath = lib\n\turl = ../lib.git\n')
    (work / "big.bin").write_text(served.coordinator.lfs.add(b"large\n" * 1000))
    (work / ".gitattributes").write_text("*.bin filter=lfs -text\n")
    sha = git(lib, "rev-parse", "HEAD")
    git(work, "add", ".gitmodules", ".gitattributes", "big.bin")
    git(work, "update-index", "--add", "--cacheinfo", f"160000,{sha},lib")
    git(work, *WHO, "commit", "-qm", "with lib")
    git(work, "push", "-q", "origin", "HEAD:refs/heads/with-lib")
    return {"git_info": {"sha": git(work, "rev-parse", "HEAD"), "ref": "with-lib"}}


def printed(job: CoordinatorJob) -> str:
    assert job.state == "success", job.trace.decode()
    return trace.printed(job.trace, "step_script").decode()


async def test_two_jobs_at_once_and_one_after_them(
    scene: Open, stage: RealCluster, folder: Path
) -> None:
    async with scene(runners=(shared(folder, image="debian-git:1"),)) as play:
        served, coordinator = play.gitlab, play.gitlab.coordinator
        payload = with_submodule(served, stage.folder)
        variables = {"GIT_SUBMODULE_STRATEGY": "recursive"}
        wait = 'until [ -e "$CI_BUILDS_DIR/go" ]; do sleep 0.1; done'
        script = (SHOW, "cat lib/lib.txt", *FETCHES, "wc -l < big.bin", wait)
        spec = JobSpec(script=script, variables=variables, payload=payload)
        jobs = [served.enqueue(spec) for _ in range(2)]
        for job in jobs:
            await coordinator.wait_trace(job.id, b"1000\n", 60)
        (folder / "go").touch()
        for job in jobs:
            await coordinator.wait_finished(job.id, 60)
        assert {printed(job).splitlines()[0][0] for job in jobs} == {"0", "1"}
        assert all("the library\nfetched-it\nfetched-lib\n1000\n" in printed(job) for job in jobs)
        await play.nothing_stays()
        coordinator.git.asked.clear()
        last = served.enqueue(spec)
        await coordinator.wait_finished(last.id, 60)
        assert printed(last).startswith("0 in")
        assert "Created fresh repository" not in last.trace.decode()
        packs = [one for one in coordinator.git.asked if b"command=fetch" in one.body]
        assert packs[0].haves >= 1
        assert sum(one.sent for one in packs) < 2000
        tokens = [job.token.encode() for job in (*jobs, last)]
        for path in folder.rglob("*"):
            if path.is_file() and not path.is_symlink():
                assert not [token for token in tokens if token in path.read_bytes()], path


async def test_as_a_user_without_rights(scene: Open, stage: RealCluster, folder: Path) -> None:
    """What the last job left read-only is in nobody's way, though nobody here is root."""
    security = {
        "run_as_user": 12345,
        "run_as_group": 12345,
        "run_as_non_root": True,
    }
    runner = shared(folder, image="debian-git:1", pod_security_context=security)
    async with scene(runners=(runner,)) as play:
        served, coordinator = play.gitlab, play.gitlab.coordinator
        payload = with_submodule(served, stage.folder)
        left = "mkdir -p mod/deep && touch mod/deep/file && chmod -R a-w mod"
        script = (SHOW, "git status --porcelain", "cat lib/lib.txt", *FETCHES, left)
        variables = {"GIT_SUBMODULE_STRATEGY": "normal"}
        spec = JobSpec(script=script, variables=variables, payload=payload)
        for _ in range(2):
            job = served.enqueue(spec)
            await coordinator.wait_finished(job.id, 60)
            shown = printed(job)
            assert shown.splitlines()[0].startswith("0 in")
            assert shown.splitlines()[0].endswith("as 12345")
            assert "the library\nfetched-it\nfetched-lib\n" in shown
            await play.nothing_stays()


async def test_a_full_disk_is_named(scene: Open) -> None:
    small = {"name": "builds", "mount_path": "/builds", "medium": "Memory", "size_limit": "64Ki"}
    runner = RunnerSpec(config={"kubernetes": {"volumes": {"empty_dir": [small]}}})
    async with scene(runners=(runner,)) as play:
        job = play.gitlab.enqueue(JobSpec(script=("echo never-seen",)))
        await play.gitlab.coordinator.wait_finished(job.id, 60)
        shown = job.trace.decode()
        assert (job.state, job.failure_reason) == ("failed", "runner_system_failure"), shown
        assert "the disk is full" in shown or "No space left on device" in shown
        assert "hint:" in shown
