"""Jobs in several namespaces by an account that has a Role in each and nothing in the cluster."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

from harness import gitlab, play, wait
from harness.cluster import RealCluster, kubectl
from harness.manager import Manager
from harness.scenario import JobSpec, RunnerSpec

SEE = ["get", "list", "watch", "delete"]
ALL = [*SEE, "create", "patch"]


async def account(home: str, name: str, rights: dict[str, list[str]]) -> str:
    """A service account in `home` with a Role in each namespace of `rights`; its token."""
    await kubectl("-n", home, "create", "serviceaccount", name)
    for namespace, verbs in rights.items():
        words = ["--resource=secrets,pods", *(f"--verb={verb}" for verb in verbs)]
        await kubectl("-n", namespace, "create", "role", name, *words)
        subject = f"--serviceaccount={home}:{name}"
        await kubectl("-n", namespace, "create", "rolebinding", name, f"--role={name}", subject)
    return (await kubectl("-n", home, "create", "token", name)).strip()


async def by_token(token: str, folder: Path) -> dict[str, Any]:
    """The keys of [runners.kubernetes] that lead to the cluster by a token alone."""
    view = json.loads(await kubectl("config", "view", "--raw", "--minify", "-o", "json"))
    cluster = view["clusters"][0]["cluster"]
    ca_file = folder / "ca.crt"
    ca_file.write_bytes(base64.b64decode(cluster["certificate-authority-data"]))
    return {"host": cluster["server"], "ca_file": str(ca_file), "bearer_token": token}


async def test_a_namespace_is_watched_once_a_job_has_gone_there(stage: RealCluster) -> None:
    other, third = f"{stage.home}-b", f"{stage.home}-c"
    await stage.make_namespace(other)
    await stage.make_namespace(third)
    token = await account(stage.home, "few", {stage.home: ALL, other: ALL})
    config = {"namespace_overwrite_allowed": f"^{stage.home}-"}
    config |= await by_token(token, stage.folder)
    async with gitlab.serve(stage.folder / "gitlab", stage.repository, stage.host) as served:
        spec = RunnerSpec(config={"kubernetes": config})
        whole = play.config_for(stage, served, runners=(spec,))
        started = Manager(stage.folder / "m", whole, stage.environ())
        await started.start()
        try:
            variables = {"KUBERNETES_NAMESPACE_OVERWRITE": other}
            script = ("echo first", "sleep 4", "echo last")
            job = served.enqueue(JobSpec(script=script, variables=variables))
            await wait.trace_holds(served.coordinator, job, "first\n")
            await started.kill()
            await started.start()
            variables = {"KUBERNETES_NAMESPACE_OVERWRITE": third}
            barred = served.enqueue(JobSpec(script=("echo never",), variables=variables))
            await served.coordinator.wait_finished(job.id, 60)
            await served.coordinator.wait_finished(barred.id, 60)
            assert job.state == "success", started.log
            assert barred.failure_reason == "runner_configuration_error"
            assert f"podlane may not see the namespace '{third}'".encode() in barred.trace
            assert "May not watch all namespaces" in started.log
            await play.Play(stage, served, started).nothing_stays()
            notes = await stage.kubectl("get", "secrets", "-l", "podlane.dev/went-to", "-o", "name")
            assert len(notes.split()) == 1
        finally:
            await started.stop()


async def test_a_job_s_own_token_makes_its_objects(stage: RealCluster) -> None:
    """The manager's account may only look and remove there; without the token nothing is made."""
    other = f"{stage.home}-b"
    await stage.make_namespace(other)
    token = await account(stage.home, "looks", {stage.home: ALL, other: [*SEE, "patch"]})
    own = await account(other, "makes", {other: ["create"]})
    config = {"namespace_overwrite_allowed": f"^{other}$", "bearer_token_overwrite_allowed": True}
    config |= await by_token(token, stage.folder)
    async with gitlab.serve(stage.folder / "gitlab", stage.repository, stage.host) as served:
        spec = RunnerSpec(config={"kubernetes": config})
        whole = play.config_for(stage, served, runners=(spec,))
        started = Manager(stage.folder / "m", whole, stage.environ())
        await started.start()
        try:
            variables = {"KUBERNETES_NAMESPACE_OVERWRITE": other}
            refused = served.enqueue(JobSpec(script=("echo never",), variables=variables))
            variables = variables | {"KUBERNETES_BEARER_TOKEN": own}
            job = served.enqueue(JobSpec(script=("echo here",), variables=variables))
            for one in (refused, job):
                await served.coordinator.wait_finished(one.id, 60)
            assert refused.failure_reason == "runner_configuration_error"
            assert b"secrets is forbidden" in refused.trace
            assert job.state == "success", started.log
            assert own not in started.log + job.trace.decode()
            await play.Play(stage, served, started).nothing_stays()
        finally:
            await started.stop()
