"""`podlane deploy uninstall` on the embedded cluster: what a deployment has of jobs, wherever that
is, and more of it than one page of a list holds."""

from __future__ import annotations

from typing import Any

import pytest

from harness.embedded import EmbeddedCluster
from podlane.clients.kube.access import load_access
from podlane.clients.kube.api import KubeApi
from podlane.core.config.kubernetes import KubernetesConfig
from podlane.core.deploy.wish import installation_of
from podlane.core.text.token import Token
from podlane.deploy.uninstall import Ending, uninstall
from podlane.errors import PodlaneError

OURS = installation_of("podlane", "ci")
BY_US = {"app.kubernetes.io/managed-by": "podlane", "podlane.dev/installation": OURS}
DEPLOYED = {
    "app.kubernetes.io/managed-by": "podlane-deploy",
    "app.kubernetes.io/instance": "podlane",
}


def put(stage: EmbeddedCluster, kind: str, name: str, namespace: str = "ci", **more: Any) -> None:
    labels = more.pop("labels", BY_US)
    metadata = {"name": name, "labels": labels, **more.pop("metadata", {})}
    stage.cluster.create({"kind": kind, "metadata": metadata, **more}, namespace)


def deployed(stage: EmbeddedCluster, places: str) -> None:
    """What is left of a deployment whose manager somebody has taken away."""
    for name in ("ci", "jobs", "team", "team-0", "team-1", "team-2"):
        put(stage, "Namespace", name, "", labels={})
    noted = {"annotations": {"podlane.dev/namespaces": places}}
    put(stage, "ConfigMap", "podlane", labels=DEPLOYED, metadata=noted, data={})
    put(stage, "Secret", "podlane", labels=DEPLOYED, data={})


async def take_away(stage: EmbeddedCluster, *, is_now: bool) -> list[str]:
    told: list[str] = []
    settings = KubernetesConfig(host=stage.cluster.url, bearer_token=Token(stage.cluster.token))
    api = KubeApi(load_access(settings, {}), user_agent="test")
    try:
        await uninstall(api, "podlane", "ci", told.append, Ending(is_now=is_now))
    finally:
        await api.close()
    return told


def names(stage: EmbeddedCluster, kind: str) -> list[str]:
    return sorted(one["metadata"]["name"] for one in stage.cluster.objects(kind))


async def test_jobs_in_any_namespace_and_on_any_page(stage: EmbeddedCluster) -> None:
    deployed(stage, "ci *")
    for number in range(600):
        put(stage, "Secret", f"job-{number}", f"team-{number % 3}", data={})
    other = BY_US | {"podlane.dev/installation": "other"}
    put(stage, "Secret", "of-another", "team-1", labels=other, data={})
    put(stage, "Namespace", "own-of-a-job", "")
    put(stage, "Namespace", "own-of-another", "", labels=other)
    pausing = BY_US | {"runner.gitlab.com/pause-pod": "true"}
    put(stage, "Deployment", "runner-pause-x", labels=pausing, apiVersion="apps/v1", spec={})
    told = await take_away(stage, is_now=True)
    assert "  600 jobs: ended; GitLab sees them fail" in told
    assert told[-1] == "  ConfigMap podlane in ci: taken away"
    assert names(stage, "secrets") == ["of-another"]
    assert "own-of-a-job" not in names(stage, "namespaces")
    assert "own-of-another" in names(stage, "namespaces")
    assert names(stage, "deployments") == []


async def test_only_where_its_roles_are(stage: EmbeddedCluster) -> None:
    deployed(stage, "ci jobs")
    put(stage, "Secret", "there", "jobs", data={})
    put(stage, "Secret", "elsewhere", "team", data={})
    await take_away(stage, is_now=True)
    assert names(stage, "secrets") == ["elsewhere"]


async def test_a_note_of_a_namespace_is_no_job(stage: EmbeddedCluster) -> None:
    deployed(stage, "ci")
    note = BY_US | {"podlane.dev/went-to": "team"}
    put(stage, "Secret", "podlane-went-to-x", labels=note, data={})
    told = await take_away(stage, is_now=False)
    assert not [line for line in told if "waiting" in line]
    assert names(stage, "secrets") == []


async def test_jobs_without_a_manager_are_not_waited_for(stage: EmbeddedCluster) -> None:
    deployed(stage, "ci")
    put(stage, "Secret", "job-1", data={})
    with pytest.raises(PodlaneError) as caught:
        await take_away(stage, is_now=False)
    assert caught.value.message == "1 job of it is there, and no manager that would see to its end"
    assert caught.value.hint == "`podlane deploy apply` starts one again; --now ends the jobs"
    assert names(stage, "configmaps") == ["podlane"]
