"""The Roles of a deployment hold each right that its manager uses, and no other: by the API
server's audit log, over jobs that lead it into all that a config lets it do.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import tomlkit

from harness import wait
from harness.audit import Audit, Right
from harness.cluster import IMAGE, audit_log, kubectl
from harness.deployed import deploy, finished, kill_manager
from harness.gitlab import Gitlab
from harness.scenario import JobSpec, merge
from podlane.core.config.parse import parse
from podlane.core.deploy.wish import installation_of
from podlane.core.pod import names
from podlane.core.pod.pause import PRIORITY_CLASS
from podlane.local.coordinator import CoordinatorJob

NEVER = ("pods/exec", "pods/attach", "pods/portforward", "pods/proxy")
SLOW = "for i in $(seq 15); do echo line $i; sleep 1; done"
GOOD = JobSpec(name="good", script=("echo done",))
BAD = JobSpec(name="bad", script=("exit 3",))
LONG = JobSpec(name="long", script=(SLOW,))
NO_IMAGE = JobSpec(
    name="no image",
    image={"name": "podlane.local/none:1", "pull_policy": ["always", "if-not-present"]},
    script=("echo never",),
)
NO_SERVICE = JobSpec(
    name="no service", services=({"name": "podlane.local/none:1", "alias": "db"},), script=("true",)
)
SHOWN = JobSpec(name="shown", variables={"FF_PRINT_POD_EVENTS": "true"}, script=("echo done",))
LOGGED = JobSpec(
    name="logged",
    variables={"CI_DEBUG_SERVICES": "true"},
    services=({"name": "busybox:1", "alias": "db", "command": ["sh", "-c", "echo up; sleep 60"]},),
    script=("sleep 3",),
)


class Installed:
    """A deployment of one runner, with a GitLab that gives it jobs."""

    def __init__(self, served: Gitlab, namespace: str, folder: Path) -> None:
        self.served, self.namespace = served, namespace
        self.config = folder / "config.toml"
        self.audit = Audit(audit_log())

    async def install(self, settings: dict[str, Any], *words: str) -> None:
        known = self.served.coordinator.register_runner(description="rights")
        runner = {
            "name": "rights",
            "url": self.served.coordinator.url,
            "token": known.token,
            "executor": "kubernetes",
            "kubernetes": {
                "image": "busybox:1",
                "pull_policy": ["if-not-present"],
                "allowed_pull_policies": ["always", "if-not-present"],
                "poll_timeout": 20,
                "pod_termination_grace_period_seconds": 5,
            },
        }
        whole = {"concurrent": 10, "check_interval": 1, "runners": [merge(runner, settings)]}
        self.config.write_text(tomlkit.dumps(whole))
        words = (f"--config={self.config}", f"--image={IMAGE}", *words)
        await deploy("apply", self.namespace, *words)

    async def held(self) -> set[Right]:
        """What the Roles in the cluster give."""
        what = ("role,clusterrole", "-A", "-l", "app.kubernetes.io/instance=podlane", "-o", "json")
        roles = json.loads(await kubectl("get", *what))["items"]
        mine = [
            one
            for one in roles
            if one["metadata"].get("namespace") == self.namespace
            or one["metadata"]["name"] == f"{self.namespace}-podlane"
        ]
        assert mine
        return {
            (group, resource, verb)
            for role in mine
            for rule in role["rules"]
            for group in rule["apiGroups"]
            for resource in rule["resources"]
            for verb in rule["verbs"]
        }

    async def run(self, *specs: JobSpec) -> dict[str, str]:
        """The jobs' states by their names, and what failed for what."""
        jobs = [self.served.enqueue(one) for one in specs]
        await finished(jobs, 120)
        print("\n".join(job.trace.decode() for job in jobs if job.state == "failed"))
        return {spec.name: job.state for spec, job in zip(specs, jobs, strict=True)}

    async def started(self, spec: JobSpec) -> CoordinatorJob:
        job = self.served.enqueue(spec)
        await wait.trace_holds(self.served.coordinator, job, "line 1\n")
        return job

    async def trouble(self, *, is_sheltered: bool = False) -> None:
        """A cancel, a manager that is killed and a drain, each with a job that runs."""
        cancelled = await self.started(LONG)
        self.served.coordinator.cancel(cancelled.id)
        through = await self.started(LONG)
        await kill_manager(self.namespace)
        evicted = await self.started(LONG)
        if is_sheltered:
            with pytest.raises(RuntimeError, match="disruption budget"):
                await self.evict(evicted)
            self.served.coordinator.cancel(evicted.id)
        else:
            await self.evict(evicted)
        await finished([cancelled, through, evicted], 90)
        states = [cancelled.state, through.state, evicted.state]
        assert states == ["canceled", "success", "canceled" if is_sheltered else "failed"]

    async def was_handed_out_before(self) -> None:
        """What an earlier hand-out of the next job has left: its namespace and its record."""
        number = self.served.coordinator.last_id + 1
        (runner,) = parse(self.config.read_text(), {})[0].runners
        key = names.runner_key(runner.url, runner.token)
        labels = {
            names.MANAGED_BY: "podlane",
            names.INSTALLATION: installation_of("podlane", self.namespace),
            names.RUNNER: key,
            names.JOB_ID: str(number),
        }
        namespace = f"ci-job-{number}"
        metadata = {"name": namespace, "labels": labels}
        made = {"apiVersion": "v1", "kind": "Namespace", "metadata": metadata}
        await kubectl("create", "-f", "-", typed=json.dumps(made))
        record = names.record_name(key, number)
        words = ("generic", record, "--from-literal=token=of-an-earlier-one")
        await kubectl("-n", namespace, "create", "secret", *words)

    async def evict(self, job: CoordinatorJob) -> None:
        """Once the API shows that it runs: of a pod that is pending no budget is asked."""
        installation = installation_of("podlane", self.namespace)
        label = f"podlane.dev/installation={installation},podlane.dev/job-id={job.id}"
        found: dict[str, Any] = {}

        async def runs() -> bool:
            nonlocal found
            listed = json.loads(await kubectl("get", "pods", "-A", "-l", label, "-o", "json"))
            found = listed["items"][0]
            return bool(found["status"]["phase"] == "Running")

        await wait.until("the pod to be shown as running", runs, every=0.2)
        pod = found["metadata"]
        metadata = {"name": pod["name"], "namespace": pod["namespace"]}
        wish = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": metadata}
        path = f"/api/v1/namespaces/{pod['namespace']}/pods/{pod['name']}/eviction"
        await kubectl("create", "--raw", path, "-f", "-", typed=json.dumps(wish))

    async def used(self) -> set[Right]:
        """What the manager has asked for; nothing of it was forbidden. Once it has gone: a watch
        is in the log when it has ended."""
        asked = self.audit.by(f"system:serviceaccount:{self.namespace}:podlane")
        assert not [one for one in asked if one.is_forbidden]
        return {one.right for one in asked}


@pytest.fixture
async def installed(served: Gitlab, new_namespace: str, tmp_path: Path) -> AsyncIterator[Installed]:
    yield Installed(served, new_namespace, tmp_path)
    label = f"podlane.dev/installation={installation_of('podlane', new_namespace)}"
    await kubectl("delete", "namespaces", "-l", label, "--wait=false")
    everywhere = f"{new_namespace}-podlane"
    await kubectl("delete", "clusterrole,clusterrolebinding", everywhere, "--ignore-not-found")


async def until_written(installed: Installed, held: set[Right]) -> None:
    """The log is written a little late."""

    async def is_there() -> bool:
        return await installed.used() >= held

    try:
        await wait.until("all rights in use", is_there, 10, every=0.5)
    except TimeoutError:
        return


async def check(installed: Installed, held: set[Right]) -> None:
    await deploy("uninstall", installed.namespace)
    await until_written(installed, held)
    used = await installed.used()
    assert used - held == set()
    assert held - used == set()
    assert not [one for one in used if one[1] in NEVER]


async def test_a_plain_runner(installed: Installed) -> None:
    await installed.install({})
    held = await installed.held()
    found = await installed.run(GOOD, BAD, NO_IMAGE, NO_SERVICE, SHOWN)
    assert [found[one.name] for one in (GOOD, BAD, NO_IMAGE, NO_SERVICE, SHOWN)] == [
        "success",
        "failed",
        "failed",
        "failed",
        "success",
    ]
    await installed.trouble()
    assert not [one for one in held if one[1].startswith("pods/")]
    await check(installed, held)


async def test_two_managers(installed: Installed) -> None:
    await installed.install({}, "--replicas=2")
    held = await installed.held()
    found = await installed.run(GOOD, BAD, NO_IMAGE, NO_SERVICE, SHOWN)
    assert [one for one in found if found[one] == "success"] == ["good", "shown"]
    await installed.trouble()
    await check(installed, held)


@pytest.mark.alone  # it takes away the priority class that pause pods of others have too
async def test_all_that_a_config_can_add(installed: Installed) -> None:
    await kubectl("delete", "priorityclass", PRIORITY_CLASS, "--ignore-not-found")
    await kubectl("create", "namespace", installed.namespace)
    quota = ("quota", "small", "--hard=pods=6")
    await kubectl("-n", installed.namespace, "create", *quota)
    policy = [{"idle_count": 1, "scale_factor": 1.0, "scale_factor_limit": 2}]
    autoscaler = {"pause_pod_image": "podlane.local/pause:1", "policy": policy}
    kubernetes = {"pod_disruption_budget": True, "autoscaler": autoscaler, "cpu_request": "10m"}
    await installed.install({"kubernetes": kubernetes, "podlane": {"service_logs": True}})
    held = await installed.held()
    many = [JobSpec(name=f"job-{number}", script=("sleep 2",)) for number in range(8)]
    found = await installed.run(GOOD, NO_IMAGE, LOGGED, SHOWN, *many)
    assert [name for name, state in found.items() if state != "success"] == ["no image"]
    await installed.trouble(is_sheltered=True)
    assert [one for one in held if one[1].startswith("pods/")] == [("", "pods/log", "get")]
    await check(installed, held)
    await kubectl("delete", "namespace", installed.namespace, "--wait=false")


async def test_a_namespace_for_each_job(installed: Installed) -> None:
    installed.served.coordinator.last_id = 10_000 + secrets.randbelow(10**6) * 100
    await installed.install({"kubernetes": {"namespace_per_job": True}})
    held = await installed.held()
    found = await installed.run(GOOD, BAD, NO_IMAGE, NO_SERVICE, SHOWN)
    assert [one for one in found if found[one] == "success"] == ["good", "shown"]
    taken = f"ci-job-{installed.served.coordinator.last_id + 1}"
    await kubectl("create", "namespace", taken)
    assert await installed.run(GOOD) == {"good": "failed"}
    await kubectl("get", "namespace", taken)
    await kubectl("delete", "namespace", taken, "--wait=false")
    await installed.was_handed_out_before()
    assert await installed.run(GOOD) == {"good": "success"}
    await installed.trouble()
    await check(installed, held)
