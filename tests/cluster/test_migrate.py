"""Three releases of gitlab-runner move to podlane and back, on the real cluster."""

from __future__ import annotations

import asyncio
import json
import secrets
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from harness import gitlab, wait
from harness.cluster import BRIDGE, IMAGE, kubectl
from harness.gitlab import Gitlab
from harness.release import OldRelease
from harness.scenario import JobSpec
from harness.shell import podlane
from podlane.local.coordinator import CoordinatorJob
from stores import s3

TEMPLATE = """\
[[runners]]
  [runners.kubernetes]
    namespace = "{namespace}"
    image = "busybox:1"
    pull_policy = ["if-not-present"]
"""
CACHE = """\
  [runners.cache]
    Type = "s3"
    Shared = true
    [runners.cache.s3]
      ServerAddress = "{host}:{port}"
      BucketName = "caches"
      BucketLocation = "us-east-1"
      Insecure = true
"""


@pytest.fixture
async def served(tmp_path: Path, repository: Path) -> AsyncIterator[Gitlab]:
    async with gitlab.serve(tmp_path / "gitlab", repository, BRIDGE) as found:
        yield found


@pytest.fixture
async def namespace() -> AsyncIterator[str]:
    name = f"migrate-{secrets.token_hex(4)}"
    await kubectl("create", "namespace", name)
    yield name
    await kubectl("delete", "namespace", name, "--wait=false")


def a_release(served: Gitlab, namespace: str, **more: object) -> OldRelease:
    known = served.coordinator.register_runner(description="moved")
    template = TEMPLATE.format(namespace=namespace)
    url = served.coordinator.url
    return OldRelease("gl", namespace, url, known.token, template, **more)  # type: ignore[arg-type]


async def install(release: OldRelease) -> None:
    """Bring it in and wait until its managers run."""
    items = {"apiVersion": "v1", "kind": "List", "items": release.objects()}
    await kubectl("create", "-f", "-", typed=json.dumps(items))
    await managers(release, release.replicas)


async def managers(release: OldRelease, wanted: int) -> None:
    async def are_so() -> bool:
        found = await kubectl(
            "-n", release.namespace, "get", "pods", "-l", f"app={release.full}", "-o", "json"
        )
        phases = [one["status"]["phase"] for one in json.loads(found)["items"]]
        return phases == ["Running"] * wanted

    await wait.until(f"{wanted} managers of the old release", are_so, 60)


async def a_job_of(release: OldRelease) -> str:
    """A pod as gitlab-runner makes it for a job, that runs on and on."""
    short = release.token.removeprefix("glrt-")[:9]
    name = f"runner-{short.lower()}-project-1-concurrent-0-abcdefgh"
    label = f"manager.runner.gitlab.com/id-short={short}"
    command = ("--labels", label, "--", "sleep", "3600")
    pull = "--image-pull-policy=IfNotPresent"
    await kubectl("-n", release.namespace, "run", name, "--image=busybox:1", pull, *command)
    return f"pod/{name}"


async def migrate(release: OldRelease, *words: str) -> str:
    where = (f"--namespace={release.namespace}", f"--release={release.name}")
    ended = await podlane("migrate", *words, *where, PODLANE_IMAGE=IMAGE)
    assert release.token not in ended.out + ended.err
    assert ended.code == 0, ended.out + ended.err
    return ended.out


async def run(served: Gitlab, *specs: JobSpec) -> list[CoordinatorJob]:
    jobs = [served.enqueue(one) for one in specs]
    async with asyncio.timeout(90):
        for job in jobs:
            await job.finished.wait()
    assert [job.state for job in jobs] == ["success"] * len(jobs), jobs[0].trace.decode()
    return jobs


async def everything(namespace: str) -> list[str]:
    kinds = "deployments,secrets,configmaps,serviceaccounts,roles,rolebindings,poddisruptionbudgets"
    found = await kubectl("-n", namespace, "get", kinds, "-o", "name")
    return sorted(found.split())


@pytest.mark.alone
async def test_a_plain_release(served: Gitlab, namespace: str) -> None:
    old = a_release(served, namespace)
    await install(old)
    before = await everything(namespace)
    said = await migrate(old)
    assert "Everything carries over." in said
    assert "Nothing was changed." in said
    assert await everything(namespace) == before

    theirs = await a_job_of(old)
    assert "1 job running" in await migrate(old)
    said = await migrate(old, "--apply", "--wait=1m")
    assert "podlane takes the jobs" in said, said
    assert await kubectl("-n", namespace, "get", theirs, "-o", "jsonpath={.status.phase}")
    assert "the old manager has ended" in said, said
    await managers(old, 0)
    slow = JobSpec(name="slow", script=("i=0; while [ $i -lt 15 ]; do i=$((i+1)); sleep 1; done",))
    await run(served, JobSpec(name="one", script=("echo moved",)))
    ended = await podlane("migrate", "--apply", f"--namespace={namespace}", "--release=gl")
    assert ended.code == 1
    assert "has been migrated already: podlane runs as podlane" in ended.err

    last = served.enqueue(slow)
    await wait.until("the job's begin", lambda: b"while" in last.trace, 60)
    said = await migrate(old, "back")
    assert "gitlab-runner takes the jobs again" in said, said
    assert last.state == "success"
    await managers(old, 1)
    phase = await kubectl("-n", namespace, "get", theirs, "-o", "jsonpath={.status.phase}")
    assert phase == "Running"
    assert await everything(namespace) == before


@pytest.mark.alone
async def test_secrets_and_cache(served: Gitlab, namespace: str, tmp_path: Path) -> None:
    if not s3.is_built():
        pytest.skip("versitygw is not built: `make stores`")
    with s3.versitygw(tmp_path / "store", BRIDGE) as store:
        old = a_release(served, namespace)
        old.template += CACHE.format(host=store.host, port=store.port)
        old.secrets["s3access"] = {"accesskey": store.access_key, "secretkey": store.secret_key}
        old.values = {"runners": {"cache": {"secretName": "s3access"}}}
        await install(old)
        said = await migrate(old, "--apply")
        assert store.secret_key not in said
        parts = {"key": "k", "paths": ["deps"]}
        saves = JobSpec(
            name="saves", script=("mkdir deps", "echo kept > deps/file"), cache=(parts,)
        )
        await run(served, saves)
        assert [one for one in store.folder.rglob("*") if one.is_file()], "nothing in the store"
        restores = JobSpec(
            name="restores", script=("cat deps/file",), cache=(parts | {"policy": "pull"},)
        )
        (job,) = await run(served, restores)
        assert "kept" in job.trace.decode()
        config = await kubectl("-n", namespace, "get", "configmap", "podlane", "-o", "json")
        assert store.secret_key not in config
        assert old.token not in config
        await migrate(old, "back")
        await managers(old, 1)


@pytest.mark.alone
async def test_session_server_and_two_replicas(served: Gitlab, namespace: str) -> None:
    old = a_release(served, namespace, replicas=2, concurrent=3, session=True, lingers=4)
    old.values = {"replicas": 2, "concurrent": 3, "sessionServer": {"enabled": True}}
    await install(old)
    said = await migrate(old, "--apply", "--wait=1m")
    assert "session server (interactive web terminals)" in said
    assert "in each of its 2 managers" in said
    assert "concurrent 3 → 6" in said
    assert "still there: 2 of the old managers" in said
    assert "the old manager has ended" in said
    await managers(old, 0)
    await run(served, *(JobSpec(name=f"job-{n}", script=("echo moved",)) for n in range(8)))
    await migrate(old, "back")
    await managers(old, 2)
