"""From a token to a running deployment, and back to nothing: the manager runs in the cluster."""

from __future__ import annotations

import base64
import json
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from harness import wait
from harness.audit import Audit
from harness.cluster import IMAGE, audit_log, kubectl
from harness.deployed import deploy, finished, manager_cgroup, pods_made, quick, register, watched
from harness.gitlab import Gitlab
from harness.scenario import JobSpec
from podlane.core.config.edit import set_values

MEBIBYTE = 1024 * 1024


@pytest.mark.alone
async def test_from_nothing_to_nothing(
    served: Gitlab, new_namespace: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config, namespace = tmp_path / "config.toml", new_namespace
    await register(served, config)
    began = time.monotonic()
    said = await deploy("apply", namespace, f"--config={config}", f"--image={IMAGE}")
    assert "The manager is ready" in said
    assert time.monotonic() - began < 60
    status = json.loads(await deploy("status", namespace, "--json"))
    assert (status["ready"], status["jobs"]) == (True, {})

    cgroup, audit = await manager_cgroup(namespace), Audit(audit_log())
    async with watched(cgroup) as memory:
        jobs = [served.enqueue(quick(number)) for number in range(20)]
        await finished(jobs, 120)
    assert [job.state for job in jobs] == ["success"] * 20
    waits = await pods_made(audit, namespace, jobs)
    with capsys.disabled():
        print(
            f"\n20 jobs together: memory {max(memory) / MEBIBYTE:.1f} MiB; handed out → pod", waits
        )
    assert max(memory) <= 60 * MEBIBYTE
    assert waits[18] <= 1.0  # the 95th percentile
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
async def test_a_token_near_its_end(served: Gitlab, new_namespace: str, tmp_path: Path) -> None:
    config, namespace = tmp_path / "config.toml", new_namespace
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
