"""A podlane in the real cluster: put there, looked at and taken away by its own commands."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from harness import wait
from harness.audit import Audit
from harness.cluster import kubectl
from harness.gitlab import Gitlab
from harness.scenario import JobSpec
from harness.shell import podlane
from podlane.local.coordinator import CoordinatorJob

CGROUPS = Path("/sys/fs/cgroup")
_EVERYTHING = (
    "deployments,replicasets,pods,secrets,configmaps,serviceaccounts,roles,rolebindings,"
    "poddisruptionbudgets,networkpolicies,services"
)


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
    found = await kubectl("-n", namespace, "get", _EVERYTHING, "-o", "name")
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


async def kill_manager(namespace: str) -> None:
    """As the kernel does it: no time for a last word."""
    cgroup = await manager_cgroup(namespace)
    for pid in (cgroup / "cgroup.procs").read_text().split():
        with suppress(ProcessLookupError):
            os.kill(int(pid), signal.SIGKILL)


def anonymous(cgroup: Path) -> int:
    """Bytes of anonymous memory, by the kernel's own count."""
    figures = dict(line.split() for line in (cgroup / "memory.stat").read_text().splitlines())
    return int(figures.get("total_rss") or figures.get("anon") or 0)


async def pods_made(audit: Audit, namespace: str, jobs: list[CoordinatorJob]) -> list[float]:
    """Seconds from GitLab's answer to the pod that the API server has made, the shortest first."""
    made: dict[int, float] = {}

    def are_all_made() -> bool:
        for one in audit.by(f"system:serviceaccount:{namespace}:podlane"):
            if one.right == ("", "pods", "create") and one.code == 201:
                made.setdefault(int(one.name.split("-")[-2]), one.answered_at)
        return all(job.id in made for job in jobs)

    await wait.until("the pods in the audit log", are_all_made, 10)
    return sorted(round(made[job.id] - job.moments["handed_out"], 3) for job in jobs)


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
