"""From a token to a running deployment, and back to nothing: the manager runs in the cluster."""

from __future__ import annotations

import asyncio
import base64
import json
import re
import secrets
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from harness import gitlab, wait
from harness.cluster import BRIDGE, IMAGE, kubectl
from harness.gitlab import Gitlab
from harness.scenario import JobSpec
from harness.shell import podlane
from podlane.core.config.edit import set_values
from podlane.local.coordinator import CoordinatorJob

MEBIBYTE = 1024 * 1024
CGROUPS = Path("/sys/fs/cgroup")
EVERYTHING = (
    "deployments,replicasets,pods,secrets,configmaps,serviceaccounts,roles,rolebindings,"
    "poddisruptionbudgets,networkpolicies,services"
)


@pytest.fixture
async def served(tmp_path: Path, repository: Path) -> AsyncIterator[Gitlab]:
    async with gitlab.serve(tmp_path / "gitlab", repository, BRIDGE) as found:
        yield found


@pytest.fixture
async def namespace() -> AsyncIterator[str]:
    """A name for a namespace that nobody has made yet; gone afterwards."""
    name = f"deploy-{secrets.token_hex(4)}"
    yield name
    await kubectl("delete", "namespace", name, "--ignore-not-found", "--wait=false")


async def register(served: Gitlab, path: Path, *more: str) -> None:
    known = served.coordinator.register_runner(description="in the cluster")
    ended = await podlane(
        "register",
        "--non-interactive",
        f"--config={path}",
        f"--url={served.coordinator.url}",
        f"--token={known.token}",
        "--name=in-the-cluster",
        "--executor=kubernetes",
        "--kubernetes-image=busybox:1",
        "--kubernetes-pull-policy=if-not-present",
        *more,
    )
    assert ended.code == 0, ended.err
    text = re.sub(r"concurrent = \d+", "concurrent = 30", path.read_text(), count=1)
    path.write_text(re.sub(r"check_interval = \d+", "check_interval = 1", text, count=1))


async def deploy(command: str, namespace: str, *words: str) -> str:
    ended = await podlane("deploy", command, f"--namespace={namespace}", *words)
    assert ended.code == 0, ended.out + ended.err
    return ended.out


async def everything(namespace: str) -> list[str]:
    """All objects of the namespace that are not Kubernetes' own."""
    found = await kubectl("-n", namespace, "get", EVERYTHING, "-o", "name")
    own = ("configmap/kube-root-ca.crt", "serviceaccount/default")
    return [line for line in found.split() if line not in own]


async def manager_cgroup(namespace: str) -> Path:
    found = await kubectl(
        "-n", namespace, "get", "pods", "-l", "app.kubernetes.io/name=podlane", "-o", "json"
    )
    pod = json.loads(found)["items"][0]
    identity = pod["status"]["containerStatuses"][0]["containerID"].rpartition("/")[2]
    roots = (CGROUPS / "memory", CGROUPS)
    return next(path for root in roots if root.is_dir() for path in root.rglob(identity))


def anonymous(cgroup: Path) -> int:
    """Bytes of anonymous memory, by the kernel's own count."""
    figures = dict(line.split() for line in (cgroup / "memory.stat").read_text().splitlines())
    return int(figures.get("total_rss") or figures.get("anon") or 0)


@asynccontextmanager
async def watched(cgroup: Path) -> AsyncIterator[list[int]]:
    """Collect the manager's anonymous memory each second."""
    seen: list[int] = []

    async def watch() -> None:
        while True:
            seen.append(anonymous(cgroup))
            await asyncio.sleep(1)

    async with asyncio.TaskGroup() as group:
        watching = group.create_task(watch())
        try:
            yield seen
        finally:
            watching.cancel()


async def finished(jobs: list[CoordinatorJob], seconds: float) -> None:
    async with asyncio.timeout(seconds):
        for job in jobs:
            await job.finished.wait()


def quick(number: int) -> JobSpec:
    return JobSpec(name=f"job-{number}", script=(f"echo this is {number}",))


@pytest.mark.alone
async def test_from_nothing_to_nothing(served: Gitlab, namespace: str, tmp_path: Path) -> None:
    config = tmp_path / "config.toml"
    await register(served, config)
    began = time.monotonic()
    said = await deploy("apply", namespace, f"--config={config}", f"--image={IMAGE}")
    assert "The manager is ready" in said
    assert time.monotonic() - began < 60
    status = json.loads(await deploy("status", namespace, "--json"))
    assert (status["ready"], status["jobs"]) == (True, {})

    cgroup = await manager_cgroup(namespace)
    async with watched(cgroup) as memory:
        jobs = [served.enqueue(quick(number)) for number in range(20)]
        await finished(jobs, 120)
    assert [job.state for job in jobs] == ["success"] * 20
    assert max(memory) <= 60 * MEBIBYTE
    status = json.loads(await deploy("status", namespace, "--json"))
    assert [one["restarts"] for one in status["managers"]] == [0]

    slow = "i=0; while [ $i -lt 20 ]; do i=$((i+1)); echo line $i; sleep 1; done"
    running = [served.enqueue(JobSpec(name=f"slow-{n}", script=(slow,))) for n in range(5)]
    for job in running:
        await wait.trace_holds(served.coordinator, job, "line 1\n")
    config.write_text(config.read_text().replace("concurrent = 30", "concurrent = 7"))
    await deploy("upgrade", namespace, f"--config={config}")
    later = served.enqueue(JobSpec(name="later", script=("echo later",)))
    await finished([later, *running], 90)
    assert [job.state for job in (later, *running)] == ["success"] * 6
    assert all("line 20" in job.trace.decode() for job in running)

    last = served.enqueue(JobSpec(name="last", script=(slow,)))
    await wait.trace_holds(served.coordinator, last, "line 1\n")
    said = await deploy("uninstall", namespace)
    assert "waiting for 1 job to end" in said, said
    assert f"Namespace {namespace}: taken away" in said, said
    assert last.state == "success"
    with pytest.raises(RuntimeError, match="NotFound"):
        await kubectl("get", "namespace", namespace)


@pytest.mark.alone
async def test_a_token_near_its_end(served: Gitlab, namespace: str, tmp_path: Path) -> None:
    config = tmp_path / "config.toml"
    await register(served, config)
    (old,) = served.coordinator.runners.known
    served.coordinator.runners.token_seconds = 3600
    now = datetime.now(UTC).replace(microsecond=0)
    times: dict[str, str | int | datetime] = {
        "token_obtained_at": now - timedelta(days=3),
        "token_expires_at": now + timedelta(hours=1),
    }
    config.write_text(set_values(config.read_text(), 0, times))
    await deploy("apply", namespace, f"--config={config}", f"--image={IMAGE}")
    await wait.until("another token", lambda: old not in served.coordinator.runners.known, 30)
    (new,) = served.coordinator.runners.known

    async def is_written() -> bool:
        found = await kubectl("-n", namespace, "get", "secret", "podlane", "-o", "json")
        data = json.loads(found)["data"]
        return base64.b64decode(data["PODLANE_TOKEN_1"]).decode() == new

    await wait.until("it in the Secret", is_written, 30)
    jobs = [served.enqueue(quick(1))]  # by the manager that holds it in memory yet
    await finished(jobs, 60)
    said = await deploy("apply", namespace, f"--config={config}", f"--image={IMAGE}")
    assert "keeps the token of in-the-cluster" in said
    assert old not in said
    assert new not in said
    assert await is_written()
    jobs.append(served.enqueue(quick(2)))  # by one that reads it from the Secret
    await finished(jobs, 60)
    assert [job.state for job in jobs] == ["success"] * 2
    assert list(served.coordinator.runners.known) == [new]
    await deploy("uninstall", namespace, "--now")
