"""The Helm chart on a real cluster: installed, upgraded and taken away by a real helm."""

from __future__ import annotations

import asyncio
import base64
import json
import secrets
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from harness import certificates, gitlab, wait
from harness.cluster import BRIDGE, IMAGE, kubectl
from harness.gitlab import Gitlab
from harness.scenario import JobSpec
from helm.catalogue import CHART
from helm.chart import render, run
from podlane.local.coordinator import CoordinatorJob

EVERYTHING = (
    "deployments,replicasets,pods,secrets,configmaps,serviceaccounts,roles,rolebindings,"
    "poddisruptionbudgets,networkpolicies,services,leases,horizontalpodautoscalers"
)
CONFIG = """
[[runners]]
  {head}
  [runners.kubernetes]
    namespace = "{{{{ .Release.Namespace }}}}"
    image = "{{{{ .Values.jobs.image }}}}"
    pull_policy = ["if-not-present"]
"""
MORE = CHART.parents[1] / "tests/helm/everything.yaml"
KINDS = {
    *("ServiceAccount", "Role", "RoleBinding", "ClusterRole", "ClusterRoleBinding", "Secret"),
    *("ConfigMap", "Deployment", "Lease", "PodDisruptionBudget", "HorizontalPodAutoscaler"),
    *("Service", "NetworkPolicy"),
}
BEFORE = "[[ 1 == 1 ]] && echo before the manager; ls /configmaps /etc/podlane-certificates"
SLOW = "i=0; while [ $i -lt 15 ]; do i=$((i+1)); echo line $i; sleep 1; done"


@pytest.fixture
async def served(tmp_path: Path, repository: Path) -> AsyncIterator[Gitlab]:
    async with gitlab.serve(tmp_path / "gitlab", repository, BRIDGE) as found:
        yield found


@pytest.fixture
async def namespace() -> AsyncIterator[str]:
    name = f"chart-{secrets.token_hex(4)}"
    yield name
    await kubectl("delete", "namespace", name, "--ignore-not-found", "--wait=false")


def values(served: Gitlab, head: str = "", **more: Any) -> dict[str, Any]:
    """What a user must say, and a value of their own that `runners.config` names."""
    return {
        "gitlabUrl": served.coordinator.url,
        "image": IMAGE,
        "checkInterval": 1,
        "jobs": {"image": "busybox:1"},
        "runners": {"config": CONFIG.format(head=head)},
        **more,
    }


async def helm(*words: str, asked: dict[str, Any] | None = None) -> str:
    typed = "" if asked is None else yaml.safe_dump(asked)
    done = await asyncio.to_thread(run, *words, typed=typed)
    assert done.returncode == 0, done.stderr
    return done.stdout


async def release(command: str, namespace: str, asked: dict[str, Any]) -> str:
    where = ("--namespace", namespace, "--wait", "--timeout", "90s")
    fresh = ("--create-namespace",) if command == "install" else ()
    return await helm(command, "runner", str(CHART), *where, *fresh, "-f", "-", asked=asked)


async def left(namespace: str) -> list[str]:
    """All objects of the namespace that are not Kubernetes' own."""
    found = await kubectl("-n", namespace, "get", EVERYTHING, "-o", "name")
    own = ("configmap/kube-root-ca.crt", "serviceaccount/default")
    return [line for line in found.split() if line not in own]


async def finished(*jobs: CoordinatorJob) -> None:
    async with asyncio.timeout(90):
        for job in jobs:
            await job.finished.wait()
    assert [job.state for job in jobs] == ["success"] * len(jobs)


async def test_install_upgrade_uninstall(served: Gitlab, namespace: str) -> None:
    token = served.coordinator.register_runner(description="by helm").token
    asked = values(served, runnerToken=token)
    said = await release("install", namespace, asked | {"unregisterRunners": True})
    assert f"runs them in the namespace {namespace}" in said
    assert "unregisterRunners: " in said
    assert token not in said
    jobs = [served.enqueue(JobSpec(name=f"job-{n}", script=(f"echo {n}",))) for n in range(3)]
    await finished(*jobs)

    slow = served.enqueue(JobSpec(name="slow", script=(SLOW,)))
    await wait.trace_holds(served.coordinator, slow, "line 1\n")
    await release("upgrade", namespace, asked | {"concurrent": 2, "logFormat": "json"})
    later = served.enqueue(JobSpec(name="later", script=("echo later",)))
    await finished(slow, later)
    assert len(served.coordinator.runners.known) == 1

    last = served.enqueue(JobSpec(name="last", script=(SLOW,)))
    await wait.trace_holds(served.coordinator, last, "line 1\n")
    await helm("uninstall", "runner", "--namespace", namespace, "--wait")
    await finished(last)  # which needs no manager


async def test_nothing_is_left(served: Gitlab, namespace: str) -> None:
    token = served.coordinator.register_runner(description="by helm").token
    asked = values(served, runnerToken=token, **EXTRAS)
    await release("install", namespace, asked)
    await finished(served.enqueue(JobSpec(name="one", script=("echo one",))))
    await wait.until("the job's objects to go", lambda: _has_no_jobs(namespace), 30)
    await helm("uninstall", "runner", "--namespace", namespace, "--wait")
    await wait.until("nothing to be left", lambda: _is_empty(namespace), 60)
    wide = await kubectl("get", "clusterroles,clusterrolebindings", "-o", "name")
    assert namespace not in wide


EXTRAS: dict[str, Any] = {
    "replicas": 2,
    "service": {"enabled": True},
    "networkPolicy": {"enabled": True},
    "rbac": {"clusterWideAccess": True},
    "hpa": {"minReplicas": 2, "maxReplicas": 2},
}


async def _has_no_jobs(namespace: str) -> bool:
    label = "app.kubernetes.io/managed-by=podlane"
    return not await kubectl("-n", namespace, "get", "pods,secrets", "-l", label, "-o", "name")


async def _is_empty(namespace: str) -> bool:
    return not await left(namespace)


async def test_secrets_of_ones_own(served: Gitlab, namespace: str, tmp_path: Path) -> None:
    """The token, the cache's keys and certificates come from Secrets that somebody else made; the
    manager is a user that no image knows."""
    token = served.coordinator.register_runner(description="by helm").token
    await kubectl("create", "namespace", namespace)
    for name, pairs in (
        ("tokens", {"runner-token": token, "runner-registration-token": ""}),
        ("s3access", {"accesskey": "AK", "secretkey": "SK"}),
    ):
        literals = [f"--from-literal={key}={text}" for key, text in pairs.items()]
        await kubectl("-n", namespace, "create", "secret", "generic", name, *literals)
    authority = certificates.authority().file(tmp_path)
    await kubectl(
        "-n", namespace, "create", "secret", "generic", "certs", f"--from-file=ca.crt={authority}"
    )
    cache = f'[runners.cache]\nType = "s3"\n[runners.cache.s3]\nServerAddress = "{BRIDGE}:1"\n'
    asked = values(
        served,
        certsSecretName="certs",
        podSecurityContext={"runAsUser": 4321, "runAsGroup": 0, "fsGroup": 65533},
        preEntrypointScript=BEFORE,
    )
    asked["runners"] |= {"secret": "tokens", "cache": {"secretName": "s3access"}}
    asked["runners"]["config"] += f'{cache}BucketName = "b"\n'
    await release("install", namespace, asked)
    await finished(served.enqueue(JobSpec(name="one", script=("echo one",))))
    said = await kubectl("-n", namespace, "logs", "deployment/runner-podlane")
    for word in ("before the manager", "pre-entrypoint-script", "ca.crt"):
        assert word in said
    manager = ("-n", namespace, "exec", "deployment/runner-podlane", "--")
    files = await kubectl(*manager, "sh", "-c", "cat /etc/podlane-secrets/PODLANE_CACHE_S3_*")
    assert files == "AKSK"
    await helm("uninstall", "runner", "--namespace", namespace, "--wait")


async def test_a_token_that_the_manager_has_exchanged_stays(served: Gitlab, namespace: str) -> None:
    old = served.coordinator.register_runner(description="by helm").token
    served.coordinator.runners.token_seconds = 3600
    ends = (datetime.now(UTC) + timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
    began = (datetime.now(UTC) - timedelta(days=3)).strftime("%Y-%m-%dT%H:%M:%SZ")
    head = f"token_obtained_at = {began}\n  token_expires_at = {ends}"
    asked = values(served, head, runnerToken=old)
    await release("install", namespace, asked)
    await wait.until("another token", lambda: old not in served.coordinator.runners.known, 30)
    (new,) = served.coordinator.runners.known

    async def is_kept() -> bool:
        found = await kubectl("-n", namespace, "get", "secret", "runner-podlane", "-o", "json")
        return base64.b64decode(json.loads(found)["data"]["PODLANE_TOKEN_1"]).decode() == new

    await wait.until("it in the Secret", is_kept, 30)
    await release("upgrade", namespace, asked | {"concurrent": 3})
    assert await is_kept()
    await finished(served.enqueue(JobSpec(name="one", script=("echo one",))))
    assert list(served.coordinator.runners.known) == [new]
    await helm("uninstall", "runner", "--namespace", namespace, "--wait")


async def test_the_api_takes_all_that_can_be_asked_for(served: Gitlab, namespace: str) -> None:
    """Every object and field that is made on request, as the API server sees it."""
    await kubectl("create", "namespace", namespace)
    more = yaml.safe_load(MORE.read_text())
    asked = values(served, runnerToken="glrt-x", **(EXTRAS | more))
    asked["runners"] |= {"cache": {"secretName": "gcs", "cacheType": "gcs"}, "privileged": True}
    found = render(asked, namespace=namespace)
    assert not found.refused
    text = yaml.safe_dump_all(found.objects)
    said = await kubectl("apply", "--dry-run=server", "--validate=strict", "-f", "-", typed=text)
    assert said.count("(server dry run)") == len(found.objects)
    assert {one["kind"] for one in found.objects} >= KINDS
