"""`podlane config check --against .` on the embedded cluster: what is asked and what is said."""

from __future__ import annotations

from typing import Any

from harness.config_check import against
from harness.embedded import EmbeddedCluster
from harness.scenario import merge
from podlane.local.cluster.faults import NoRight, Refused


def config(stage: EmbeddedCluster, kubernetes: dict[str, Any], **top: int) -> dict[str, Any]:
    entry = {"name": "one", "url": "https://gitlab.example", "token": "glrt-one"}
    runner = merge(merge(entry, stage.runner()), {"kubernetes": kubernetes})
    return {"concurrent": 1, **top, "runners": [runner]}


def secret(name: str) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name}}


async def test_a_runner_that_could_run(stage: EmbeddedCluster) -> None:
    await stage.create(secret("there"))
    volume = {"name": "there", "mount_path": f"{stage.cluster.root}/there"}
    done = await against(
        stage.folder, config(stage, {"volumes": {"secret": [volume]}}), stage.environ()
    )
    assert (done.code, done.findings) == (0, {}), done
    tried = [(one.verb, one.resource, one.query.get("dryRun")) for one in stage.cluster.requests]
    assert ("create", "pods", "All") in tried
    assert not [one for one in tried if one[0] == "create" and one[2] != "All"]
    assert await stage.objects() == []


async def test_what_is_missing_is_named_with_its_key(stage: EmbeddedCluster) -> None:
    settings = {
        "image_pull_secrets": ["no-pull"],
        "volumes": {
            "secret": [{"name": "no-secret", "mount_path": f"{stage.cluster.root}/s"}],
            "config_map": [{"name": "no-map", "mount_path": f"{stage.cluster.root}/m"}],
            "pvc": [
                {"name": "no-claim", "mount_path": f"{stage.cluster.root}/c"},
                {"name": "$CI_PROJECT_NAME", "mount_path": f"{stage.cluster.root}/n"},
            ],
        },
    }
    done = await against(stage.folder, config(stage, settings), stage.environ())
    assert done.code == 1
    assert {key.removeprefix("kubernetes."): len(said) for key, said in done.findings.items()} == {
        "image_pull_secrets[0]": 1,
        "volumes.secret[0].name": 1,
        "volumes.config_map[0].name": 1,
        "volumes.pvc[0].name": 1,
    }
    assert done.would_run  # a manager starts: it is the jobs that have no place
    assert (
        "names a Secret that is not in namespace"
        in done.findings["kubernetes.volumes.secret[0].name"][0]
    )


async def test_the_apis_own_refusal_and_missing_rights(stage: EmbeddedCluster) -> None:
    words = 'violates PodSecurity "restricted:latest": privileged'
    stage.cluster.faults.add(Refused(why=words, code=403, verb="create", resource="pods"))
    stage.cluster.faults.add(NoRight(verb="list", resource="resourcequotas"))
    stage.cluster.faults.add(NoRight(verb="get", resource="secrets"))
    volume = {"name": "unseen", "mount_path": f"{stage.cluster.root}/unseen"}
    done = await against(
        stage.folder, config(stage, {"volumes": {"secret": [volume]}}), stage.environ()
    )
    assert done.code == 1
    (refusal,) = done.findings["kubernetes"]
    assert refusal.startswith("fault: ")
    assert words in refusal
    (unseen,) = done.findings["kubernetes.volumes.secret[0].name"]
    assert unseen.startswith("note: ")
    assert "we may not see" in unseen


async def test_a_quota_with_less_room_than_concurrent(stage: EmbeddedCluster) -> None:
    quota = {
        "apiVersion": "v1",
        "kind": "ResourceQuota",
        "metadata": {"name": "small"},
        "spec": {"hard": {"requests.cpu": "5", "pods": "100"}},
    }
    await stage.create(quota)
    settings = {"cpu_request": "1", "helper_cpu_request": "500m"}
    done = await against(stage.folder, config(stage, settings, concurrent=10), stage.environ())
    assert done.code == 0
    (said,) = done.findings["concurrent"]
    assert "10 jobs at once, which ask for 15 of requests.cpu" in said
    assert "its quota `small` is 5, with room for 3" in said


async def test_a_cluster_that_is_not_there(stage: EmbeddedCluster) -> None:
    elsewhere = config(stage, {"host": "http://127.0.0.1:1"})
    done = await against(stage.folder, elsewhere, stage.environ())
    assert done.code == 1
    assert "does not answer" in done.findings["kubernetes"][0]
    done = await against(stage.folder, elsewhere, stage.environ(), cluster="no-such-context")
    assert "no-such-context" in done.findings["kubernetes"][0]


async def test_a_namespace_for_each_job_is_tried_by_itself(stage: EmbeddedCluster) -> None:
    settings = {"namespace_per_job": True}
    done = await against(stage.folder, config(stage, settings), stage.environ())
    assert done.code == 0
    (said,) = done.findings.pop("kubernetes.namespace_per_job")
    assert said.startswith("note: ")
    assert not done.findings
    refused = Refused(why="no more of them", code=403, verb="create", resource="namespaces")
    stage.cluster.faults.add(refused)
    done = await against(stage.folder, config(stage, settings), stage.environ())
    assert done.code == 1
    assert "no more of them" in done.findings["kubernetes.namespace_per_job"][0]
