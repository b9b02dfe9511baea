"""Two managers in the cluster: either may be killed or deleted, and the limits are the two's."""

from __future__ import annotations

import asyncio
import json
import os
import re
import secrets
import signal
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from harness import gitlab, trace, wait
from harness.cluster import BRIDGE, IMAGE, kubectl
from harness.gitlab import Gitlab
from harness.scenario import JobSpec
from harness.shell import podlane
from podlane.local.coordinator import CoordinatorJob

SLOW = 'i=0; while [ $i -lt 20 ]; do i=$((i+1)); echo "line $i"; sleep 1; done'
PRINTED = "".join(f"line {n}\n" for n in range(1, 21)).encode()
PLAIN = {"FF_TIMESTAMPS": "false"}
MANAGERS = "app.kubernetes.io/name=podlane"


@pytest.fixture
async def served(tmp_path: Path, repository: Path) -> AsyncIterator[Gitlab]:
    async with gitlab.serve(tmp_path / "gitlab", repository, BRIDGE) as found:
        yield found


@pytest.fixture
async def home(served: Gitlab, tmp_path: Path) -> AsyncIterator[str]:
    """The namespace of a deployment of two managers, with five places."""
    name, config = f"several-{secrets.token_hex(4)}", tmp_path / "config.toml"
    known = served.coordinator.register_runner(description="of two")
    given = ["--executor=kubernetes", "--kubernetes-image=busybox:1"]
    given += ["--kubernetes-pull-policy=if-not-present", f"--token={known.token}"]
    url = f"--url={served.coordinator.url}"
    words = ("register", "--non-interactive", f"--config={config}", url, *given)
    ended = await podlane(*words)
    assert ended.code == 0, ended.err
    text = re.sub(r"concurrent = \d+", "concurrent = 5", config.read_text(), count=1)
    config.write_text(re.sub(r"check_interval = \d+", "check_interval = 1", text, count=1))
    await deploy("apply", name, f"--config={config}", f"--image={IMAGE}", "--replicas=2")
    try:
        yield name
    finally:
        await kubectl("delete", "namespace", name, "--ignore-not-found", "--wait=false")


async def deploy(command: str, namespace: str, *words: str) -> str:
    ended = await podlane("deploy", command, f"--namespace={namespace}", *words)
    assert ended.code == 0, ended.out + ended.err
    return ended.out


async def items(home: str, kind: str, *labels: str) -> list[dict[str, Any]]:
    found = await kubectl("-n", home, "get", kind, *labels, "-o", "json")
    return list(json.loads(found)["items"])


async def seats(home: str) -> list[str]:
    """The names of the pods that sit on them, in order."""
    leases = sorted(await items(home, "leases"), key=lambda one: one["metadata"]["name"])
    return [one.get("spec", {}).get("holderIdentity", "") for one in leases]


async def settler(home: str) -> str:
    """The name of the pod that settles."""
    return (await seats(home))[0]


async def container_of(home: str, pod: str) -> str:
    found = json.loads(await kubectl("-n", home, "get", "pod", pod, "-o", "json"))
    return str(found["status"]["containerStatuses"][0]["containerID"].rpartition("/")[2])


def kill(container: str) -> None:
    """SIGKILL its processes, from outside: the kernel keeps a PID 1 from killing itself."""
    cgroups = Path("/sys/fs/cgroup")
    roots = (cgroups / "memory", cgroups)
    folder = next(path for root in roots if root.is_dir() for path in root.rglob(container))
    for pid in (folder / "cgroup.procs").read_text().split():
        os.kill(int(pid), signal.SIGKILL)


async def both_seated(home: str) -> None:
    async def are() -> bool:
        pods = {one["metadata"]["name"] for one in await items(home, "pods", "-l", MANAGERS)}
        return set(await seats(home)) == pods and len(pods) == 2

    await wait.until("a seat for each", are, 60, every=0.5)


async def started(served: Gitlab, name: str) -> list[CoordinatorJob]:
    jobs = [
        served.enqueue(JobSpec(name=f"{name}-{n}", script=(SLOW,), variables=PLAIN))
        for n in range(5)
    ]
    for job in jobs:
        await wait.trace_holds(served.coordinator, job, "line 1\n")
    return jobs


async def finished(home: str, jobs: list[CoordinatorJob]) -> None:
    async with asyncio.timeout(120):
        for job in jobs:
            await job.finished.wait()
    for job in jobs:
        assert (job.state, job.handed_out) == ("success", 1), job.trace.decode()

    async def is_empty() -> bool:
        label = "app.kubernetes.io/managed-by=podlane"
        return not await items(home, "pods,secrets", "-l", label)

    await wait.until("no object of a job", is_empty, 45, every=0.5)


@pytest.mark.timeout(400)
async def test_either_of_two_may_go(served: Gitlab, home: str) -> None:
    await both_seated(home)
    ended = await podlane("doctor", "--deployment=podlane", f"--namespace={home}")
    assert ended.code == 0, ended.out
    for name in ("killed", "deleted"):
        jobs = await started(served, name)
        pod = await settler(home)
        if name == "killed":
            kill(await container_of(home, pod))
        else:
            await kubectl("-n", home, "delete", "pod", pod, "--wait=false", "--grace-period=1")
        await finished(home, jobs)
        assert {trace.printed(job.trace, "step_script") for job in jobs} == {PRINTED}
        await both_seated(home)

    ids = set()
    quick = [served.enqueue(JobSpec(name=f"n-{n}", script=("sleep 1",))) for n in range(20)]
    most = 0
    while not all(job.is_over for job in quick):
        most = max(most, sum(job.state == "running" for job in quick))
        ids |= {job.system_id for job in quick if job.system_id}
        await asyncio.sleep(0.1)
    await finished(home, quick)
    assert most <= 5
    assert len(ids) == 2
    (runner,) = served.coordinator.runners.known.values()
    status = json.loads(await deploy("status", home, "--json"))
    assert ids == set(status["system_id"].split())
    assert ids == {one for one in runner.managers if one.startswith("r_")}, (
        "a manager that was started anew has another system id"
    )

    await deploy("upgrade", home, "--replicas=1")
    assert await items(home, "leases,poddisruptionbudgets") == []
    alone = served.enqueue(JobSpec(script=("true",)))
    await finished(home, [alone])
    said = await deploy("uninstall", home)
    assert f"Namespace {home}: taken away" in said, said
