"""`podlane doctor` before the real API server: its quota, its Pod Security, its RBAC, its kubelet.

Several things are broken at once in one namespace, each is told, and each fix is done as printed.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from harness.cluster import BRIDGE, IMAGE, RealCluster, kubeconfig, kubectl
from harness.doctor import TOKEN, GitLab, World
from harness.http_server import Server, serve
from harness.shell import podlane
from podlane.doctor.finding import Finding


@pytest.fixture
def gitlab() -> Iterator[Server]:
    with serve(GitLab().answer, host=BRIDGE) as server:
        yield server


@pytest.fixture
def world(stage: RealCluster, gitlab: Server, tmp_path: Path) -> World:
    config = stage.runner() | {"name": "one", "token": TOKEN, "url": gitlab.url}
    config["executor"] = "kubernetes"
    return World(tmp_path, config, stage, environ={"PODLANE_IMAGE": IMAGE})


def failing(found: list[Finding], check: str) -> Finding:
    bad = [one for one in found if (one.check, one.state) == (check, "FAIL")]
    assert bad, (check, found)
    return bad[0]


def all_ok(found: list[Finding], *checks: str) -> None:
    states = {one.check: one.state for one in found}
    assert {check: states[check] for check in checks} == dict.fromkeys(checks, "ok"), found


async def do(fix: str, **files: str) -> None:
    """Run the kubectl commands of a fix, as printed; FILE is a file of the one who follows it."""
    commands = re.split(r" && |, or ", fix)
    for one in commands:
        words = shlex.split(one)
        if words[:1] == ["kubectl"]:
            await kubectl(*(files.get(word, word) for word in _filled(words, files)))


def _filled(words: list[str], files: dict[str, str]) -> list[str]:
    return [re.sub("FILE$", files.get("FILE", "FILE"), word) for word in words[1:]]


async def test_a_namespace_that_is_not_there(world: World) -> None:
    name = f"{world.cluster.namespace}-new"
    world.change(kubernetes={"namespace": name})
    _, found = await world.look()
    bad = failing(found, "namespace")
    assert bad.fix == f"kubectl create namespace {name}"
    try:
        await do(bad.fix)
        code, found = await world.look()
        assert code == 0, found
    finally:
        await kubectl("delete", "namespace", name, "--ignore-not-found", "--wait=false")


async def test_what_the_pod_names(world: World) -> None:
    """Account, Secret, ConfigMap and a key are missing; the fixes make them."""
    volumes: dict[str, list[dict[str, Any]]] = {
        "secret": [{"name": "npm", "mount_path": "/npm", "items": {"auth": "auth"}}],
        "config_map": [{"name": "mirrors", "mount_path": "/mirrors", "items": {"list": "list"}}],
        "pvc": [{"name": "data", "mount_path": "/data"}],
    }
    names = {"service_account": "builder", "image_pull_secrets": ["registry"], "volumes": volumes}
    world.change(kubernetes=names)
    _, found = await world.look()
    assert "builder" in failing(found, "service account").message
    lines = [one for one in found if one.check == "secrets"]
    assert len(lines) == 4, lines
    assert {one.state for one in lines} == {"FAIL"}
    file = world.folder / "file"
    file.write_text("content\n")
    await do(failing(found, "service account").fix)
    for one in lines:
        fix = (
            one.fix.replace("REGISTRY", "r.example")
            .replace("=USER", "=u")
            .replace("=PASSWORD", "=p")
        )
        await do(fix, FILE=str(file))
    claim = {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": "data"},
        "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Mi"}}},
    }
    await world.cluster.create(claim)
    code, found = await world.look()
    all_ok(found, "service account", "secrets")
    assert code == 0
    await world.cluster.kubectl("create", "secret", "generic", "npm2", "--from-literal=other=x")
    volumes["secret"][0]["name"] = "npm2"
    world.change(kubernetes={"volumes": volumes})
    _, found = await world.look()
    assert "npm2" in failing(found, "secrets").message
    assert "has no key auth" in failing(found, "secrets").message


async def test_quota_limits_and_pod_security(world: World) -> None:
    """One after the other: the API server tells the first of them alone."""
    stage = world.cluster
    await stage.enforce("restricted")
    await stage.kubectl("create", "quota", "small", "--hard=limits.memory=64Mi,pods=10")
    _, found = await world.look()
    security = failing(found, "pod security")
    assert "run_as_user" in security.fix
    secure = {"run_as_non_root": True, "run_as_user": 1000}
    world.change(kubernetes={"pod_security_context": secure})
    _, found = await world.look()
    all_ok(found, "pod security")
    unsaid = failing(found, "quota and limits")
    assert "`memory_limit` and `helper_memory_limit`" in unsaid.fix
    world.change(kubernetes={"memory_limit": "64Mi", "helper_memory_limit": "64Mi"})
    _, found = await world.look()
    large = failing(found, "quota and limits")
    assert "one pod is more than" in large.message
    assert "lower `memory_limit` and `helper_memory_limit`" in large.fix
    world.change(kubernetes={"memory_limit": "32Mi", "helper_memory_limit": "32Mi"})
    code, found = await world.look()
    all_ok(found, "pod security", "quota and limits")
    assert code == 0

    limits = {"type": "Container", "max": {"memory": "16Mi"}}
    await stage.create(
        {
            "apiVersion": "v1",
            "kind": "LimitRange",
            "metadata": {"name": "tight"},
            "spec": {"limits": [limits]},
        }
    )
    _, found = await world.look()
    assert "describe limitrange" in failing(found, "quota and limits").fix
    world.change(kubernetes={"memory_limit": "16Mi", "helper_memory_limit": "16Mi"})
    code, found = await world.look()
    assert code == 0, found


async def test_a_priority_class_that_is_not_there(world: World) -> None:
    name = f"{world.cluster.namespace}-urgent"
    world.change(kubernetes={"priority_class_name": name})
    _, found = await world.look()
    try:
        await do(failing(found, "admission").fix)
        code, found = await world.look()
        assert code == 0, found
    finally:
        await kubectl("delete", "priorityclass", name, "--ignore-not-found")


async def test_rights_of_a_user(world: World) -> None:
    """A user with too few rights; the fix gives exactly those, and then all is well."""
    stage = world.cluster
    await stage.kubectl("create", "serviceaccount", "few")
    few = await _kubeconfig_of(stage, "few", world.folder)
    own = {"KUBECONFIG": str(few)}
    world.environ |= own
    _, found = await world.look()
    bad = failing(found, "cluster rights")
    assert "pods: may not create, delete, get, list, patch, watch" in bad.message
    assert f"system:serviceaccount:{stage.namespace}:few" in bad.message
    await do(bad.fix)
    code, found = await world.look()
    all_ok(found, "cluster rights", "quota and limits", "service account", "secrets")
    assert code == 0


async def _kubeconfig_of(stage: RealCluster, account: str, folder: Path) -> Path:
    token = (await stage.kubectl("create", "token", account)).strip()
    whole = yaml.safe_load(kubeconfig().read_text())
    whole["users"] = [{"name": account, "user": {"token": token}}]
    cluster = whole["clusters"][0]["name"]
    whole["contexts"] = [{"name": "few", "context": {"cluster": cluster, "user": account}}]
    whole["current-context"] = "few"
    path = folder / f"{account}.conf"
    path.write_text(yaml.safe_dump(whole))
    return path


async def test_rights_of_a_deployment(world: World) -> None:
    """Asked for the manager's account, not for us, who may do everything."""
    namespace = world.cluster.namespace
    world.config["kubernetes"].pop("namespace")
    world.change(token_obtained_at="2026-01-01T00:00:00Z", token_expires_at="2099-01-01T00:00:00Z")
    place = f"--namespace={namespace}"
    ended = await podlane(
        "deploy", "apply", place, f"--config={world.write()}", f"--image={IMAGE}", "--no-wait"
    )
    assert ended.code == 0, ended.err
    role = json.loads(await world.cluster.kubectl("get", "role", "podlane", "-o", "json"))
    rules = [
        one for one in role["rules"] if one["resources"] != ["pods"] and "resourceNames" not in one
    ]
    await world.cluster.kubectl("patch", "role", "podlane", "-p", json.dumps({"rules": rules}))
    ended = await podlane("doctor", "--deployment=podlane", place, "--json")
    assert TOKEN not in ended.out
    found = [Finding(**one) for one in json.loads(ended.out)["checks"]]
    bad = failing(found, "cluster rights")
    assert f"as system:serviceaccount:{namespace}:podlane" in bad.message
    assert [
        one.message for one in found if one.state == "FAIL" and "secrets podlane" in one.message
    ]
    assert ended.code == 1
    words = shlex.split(bad.fix)
    assert words[0] == "podlane"
    ended = await podlane(*words[1:])
    assert ended.code == 0, ended.err
    ended = await podlane("doctor", "--deployment=podlane", place)
    assert ended.code == 0, ended.out
    assert "ok    cluster rights" in ended.out
    assert "to write down a new token before the old one ends" in ended.out
    inside = await world.cluster.kubectl("exec", "deploy/podlane", "--", "podlane", "doctor")
    assert f"as system:serviceaccount:{namespace}:podlane" in inside
    assert "FAIL" not in inside, inside
    await world.cluster.kubectl("delete", "serviceaccount", "podlane")
    ended = await podlane("doctor", "--deployment=podlane", place, "--json")
    bad = failing([Finding(**one) for one in json.loads(ended.out)["checks"]], "service account")
    ended = await podlane(*shlex.split(bad.fix)[1:])
    assert ended.code == 0, ended.err


async def test_a_trial_pod(world: World) -> None:
    """An image that does not come, and a name that only this machine resolves."""
    with serve(GitLab().answer, host="0.0.0.0") as everywhere:
        world.words.append("--trial-pod")
        world.change(url=f"http://{socket.gethostname()}:{everywhere.port}")
        world.change(kubernetes={"image": "registry.invalid/nothing:1"})
        code, found = await world.look()
        assert code == 1
        assert "registry.invalid/nothing:1" in failing(found, "images").message
        assert "resolve the name" in failing(found, "gitlab from a pod").message
        assert "`host_aliases`" in failing(found, "gitlab from a pod").fix
        alias = {"ip": BRIDGE, "hostnames": [socket.gethostname()]}
        world.change(kubernetes={"image": "busybox:1", "host_aliases": [alias]})
        code, found = await world.look()
        all_ok(found, "images", "gitlab from a pod")
        assert code == 0
    left = await world.cluster.kubectl("get", "pods,secrets", "-o", "name")
    assert "podlane-doctor" not in left


async def test_no_way_to_the_cluster(world: World) -> None:
    whole = yaml.safe_load(kubeconfig().read_text())
    whole["clusters"][0]["cluster"]["server"] = "https://127.0.0.1:9"
    path = world.folder / "wrong.conf"
    path.write_text(yaml.safe_dump(whole))
    world.environ["KUBECONFIG"] = str(path)
    code, found = await world.look()
    assert code == 1
    assert "KUBECONFIG" in failing(found, "cluster").fix
    world.environ["KUBECONFIG"] = os.environ["KUBECONFIG"]
    code, found = await world.look()
    assert code == 0, found
