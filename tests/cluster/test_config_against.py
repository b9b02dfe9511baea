"""`podlane config check --against` on a real API server: its own sentences, and nothing left."""

from __future__ import annotations

from typing import Any

from harness.cluster import RealCluster
from harness.config_check import Ended, against
from harness.scenario import merge


def runner(stage: RealCluster, name: str, kubernetes: dict[str, Any]) -> dict[str, Any]:
    entry = {"name": name, "url": "https://gitlab.example", "token": f"glrt-{name}"}
    return merge(merge(entry, stage.runner()), {"kubernetes": kubernetes})


async def checked(stage: RealCluster, *runners: dict[str, Any], **top: Any) -> Ended:
    done = await against(
        stage.folder, {"concurrent": 4, **top, "runners": list(runners)}, stage.environ()
    )
    assert await stage.objects() == []
    return done


async def test_a_plain_runner_is_taken(stage: RealCluster) -> None:
    done = await checked(stage, runner(stage, "plain", {}), concurrent=1)
    assert (done.code, done.findings) == (0, {}), done


async def test_each_refusal_is_told_in_the_apis_own_words(stage: RealCluster) -> None:
    await stage.enforce("baseline")
    done = await checked(
        stage,
        runner(stage, "privileged", {"privileged": True}),
        runner(stage, "first", {"priority_class_name": "no-such-class"}),
        runner(stage, "account", {"service_account": "nobody"}),
        runner(stage, "lost", {"namespace": "no-such-namespace"}),
        runner(stage, "secret", {"image_pull_secrets": ["no-secret"]}),
    )
    assert done.code == 1
    privileged, first = done.findings["kubernetes"]
    assert 'violates PodSecurity "baseline:latest"' in privileged
    assert "no PriorityClass with name no-such-class was found" in first
    (account,) = done.findings["kubernetes.service_account"]
    assert "names a service account that is not in namespace" in account
    (lost,) = done.findings["kubernetes.namespace"]
    assert 'namespaces "no-such-namespace" not found' in lost
    assert done.would_run
    (missing,) = done.findings["kubernetes.image_pull_secrets[0]"]
    assert "no-secret" in missing


async def test_quota_and_defaults_of_the_namespace(stage: RealCluster) -> None:
    limits = {
        "default": {"memory": "1Gi"},
        "defaultRequest": {"memory": "1Gi"},
        "type": "Container",
    }
    await stage.create(
        {
            "apiVersion": "v1",
            "kind": "LimitRange",
            "metadata": {"name": "defaults"},
            "spec": {"limits": [limits]},
        }
    )
    await stage.create(
        {
            "apiVersion": "v1",
            "kind": "ResourceQuota",
            "metadata": {"name": "small"},
            "spec": {"hard": {"requests.memory": "6Gi"}},
        }
    )
    done = await checked(stage, runner(stage, "one", {}), concurrent=10)
    assert done.code == 0, done
    (said,) = done.findings["concurrent"]
    assert "which ask for 20Gi of requests.memory" in said
    assert "its quota `small` is 6Gi, with room for 3" in said
    done = await checked(
        stage, runner(stage, "big", {"memory_request": "7Gi", "memory_limit": "7Gi"})
    )
    assert "exceeded quota: small" in done.findings["kubernetes"][0]


async def test_a_named_context(stage: RealCluster) -> None:
    one = runner(stage, "plain", {"host": "http://127.0.0.1:1"})
    config = {"concurrent": 1, "runners": [one]}
    context = await stage.kubectl("config", "current-context")
    done = await against(stage.folder, config, stage.environ(), context.strip())
    assert (done.code, done.findings) == (0, {}), done
