"""Volumes are real folders at their mountPath, made with the pod and removed with it."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest

from local.cluster.kube_client import (
    Client,
    Manifest,
    manifest,
    phase_is,
    shell,
    state,
    terminated,
    until_file,
)

PODS = "/api/v1/namespaces/ci/pods"
MERGE = {"Content_Type": "application/merge-patch+json"}


def mount(name: str, path: Path, **rest: Any) -> Manifest:
    return {"name": name, "mountPath": str(path)} | rest


async def remove(client: Client, name: str) -> None:
    await client.call("DELETE", f"{PODS}/{name}", {"gracePeriodSeconds": 1})
    await client.gone(name)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """The cluster's own folder."""
    return tmp_path / "cluster"


async def test_an_empty_folder_is_shared_and_goes_with_the_pod(client: Client, root: Path) -> None:
    lane = root / "pods" / "7" / "lane"
    writer = shell(f"echo hello > {lane}/word", volumeMounts=[mount("lane", lane)])
    reader = shell(
        f"until [ -s {lane}/word ]; do sleep 0.01; done; cat {lane}/word; exec sleep 60",
        volumeMounts=[mount("lane", lane)],
    )
    volumes = [{"name": "lane", "emptyDir": {"medium": "Memory"}}]
    await client.create("pods", manifest("p", writer, reader, volumes=volumes))
    assert await until_file(root / "logs" / "p.c1.log") == "hello\n"
    await remove(client, "p")
    assert not (root / "pods" / "7").exists()


async def test_two_paths_are_one_folder(client: Client, root: Path) -> None:
    one, two = root / "a" / "one", root / "b" / "two"
    first = shell(f"echo x > {one}/file", volumeMounts=[mount("v", one)])
    second = shell(f"until [ -s {two}/file ]; do sleep 0.01; done", volumeMounts=[mount("v", two)])
    volumes = [{"name": "v", "emptyDir": {}}]
    await client.create("pods", manifest("p", first, second, volumes=volumes))
    await client.until("p", phase_is("Succeeded"))
    await remove(client, "p")
    assert not (root / "a").exists()
    assert not (root / "b").exists()


async def test_folders_in_folders(client: Client, root: Path, tmp_path: Path) -> None:
    builds, cache = root / "builds" / "7", tmp_path / "cache"
    mounts = [
        mount("cache", builds / "cache"),
        mount("builds", builds),
        mount("own", builds / "own"),
        mount("part", builds / "part", subPath="x/y"),
    ]
    script = (
        f"cd {builds} && mkdir -p r/o && echo 1 > r/o/f && chmod 500 r/o && echo 2 > cache/kept"
    )
    volumes = [
        {"name": "builds", "emptyDir": {}},
        {"name": "own", "hostPath": {"path": str(builds / "own")}},
        {"name": "part", "emptyDir": {}},
        {"name": "cache", "hostPath": {"path": str(cache), "type": "DirectoryOrCreate"}},
    ]
    await client.create("pods", manifest("p", shell(script, volumeMounts=mounts), volumes=volumes))
    await client.until("p", phase_is("Succeeded"))
    await remove(client, "p")
    assert (cache / "kept").read_text() == "2\n"
    assert list(builds.iterdir()) == [builds / "own"]


async def test_secrets_become_files(client: Client, root: Path) -> None:
    data = {"plan.0": "zero", "plan.1": "one", "token": "hidden"}
    await client.create("secrets", {"metadata": {"name": "s"}, "stringData": data})
    plan, whole = root / "plan", root / "whole"
    items = [{"key": key, "path": key} for key in ("plan.0", "plan.1")]
    container = shell(
        f"cat {plan}/plan.* {whole}/token; ls {plan}",
        volumeMounts=[mount("plan", plan, readOnly=True), mount("whole", whole)],
    )
    volumes = [
        {"name": "plan", "projected": {"sources": [{"secret": {"name": "s", "items": items}}]}},
        {"name": "whole", "secret": {"secretName": "s", "defaultMode": 0o400}},
    ]
    await client.create("pods", manifest("p", container, volumes=volumes))
    await client.until("p", phase_is("Succeeded"))
    assert client.cluster.log("p", "c0") == b"zeroonehiddenplan.0\nplan.1\n"
    assert (plan / "plan.0").is_symlink()
    assert (whole / "token").stat().st_mode & 0o777 == 0o400


async def test_an_annotation_reaches_its_file(client: Client, root: Path) -> None:
    tell = root / "tell"
    item = {"path": "tell", "fieldRef": {"fieldPath": "metadata.annotations['podlane.dev/tell']"}}
    volumes = [{"name": "tell", "downwardAPI": {"items": [item]}}]
    container = shell("exec sleep 60", volumeMounts=[mount("tell", tell)])
    await client.create("pods", manifest("p", container, volumes=volumes))
    await client.until("p", phase_is("Running"))
    assert (tell / "tell").read_text() == ""
    patch = {"metadata": {"annotations": {"podlane.dev/tell": "a word"}}}
    begin = time.monotonic()
    assert (await client.call("PATCH", f"{PODS}/p", patch, **MERGE))[0] == 200
    assert await until_file(tell / "tell") == "a word"
    assert time.monotonic() - begin < 0.2


async def test_what_is_missing_holds_the_pod(client: Client, root: Path) -> None:
    container = shell("exit 0", volumeMounts=[mount("v", root / "v")])
    volumes = [{"name": "v", "secret": {"secretName": "late"}}]
    await client.create("pods", manifest("p", container, volumes=volumes))
    events = "/api/v1/namespaces/ci/events?fieldSelector=reason%3DFailedMount"

    async def messages() -> list[str]:
        _, found = await client.call("GET", events)
        return [item["message"] for item in found["items"]]

    await client.until("p", lambda pod: state(pod).get("waiting"))
    while not await messages():
        pass
    wanted = 'MountVolume.SetUp failed for volume "v" : secret "late" not found'
    assert await messages() == [wanted]
    assert state(await client.pod("p"))["waiting"]["reason"] == "ContainerCreating"
    await client.create("secrets", {"metadata": {"name": "late"}})
    await client.until("p", phase_is("Succeeded"))


async def test_a_missing_config_map_and_a_deletion(client: Client, root: Path) -> None:
    container = shell("exit 0", volumeMounts=[mount("v", root / "v")])
    volumes = [{"name": "v", "configMap": {"name": "never"}}]
    await client.create("pods", manifest("p", container, volumes=volumes))
    await client.until("p", lambda pod: state(pod).get("waiting"))
    await remove(client, "p")


async def test_a_missing_secret_for_the_environment(client: Client) -> None:
    env = [{"name": "A", "valueFrom": {"secretKeyRef": {"name": "late", "key": "k"}}}]
    await client.create("pods", manifest("p", shell("echo $A", env=env), shell("exit 0")))
    waiting = await client.until(
        "p", lambda pod: state(pod).get("waiting", {}).get("message") and state(pod)["waiting"]
    )
    assert waiting["reason"] == "CreateContainerConfigError"
    assert waiting["message"] == 'secret "late" not found'
    await client.create("secrets", {"metadata": {"name": "late"}, "stringData": {"k": "v"}})
    await client.until("p", phase_is("Succeeded"))
    assert client.cluster.log("p", "c0") == b"v\n"


@pytest.mark.parametrize(
    "spec",
    [
        {"mounts": ["/somewhere/else"], "volume": {"emptyDir": {}}},
        {"mounts": ["INSIDE"], "volume": {"hostPath": {"path": "/etc"}}},
        {"mounts": ["INSIDE/../../../.."], "volume": {"emptyDir": {}}},
    ],
)
async def test_no_folder_outside_is_touched(client: Client, root: Path, spec: Manifest) -> None:
    paths = [Path(path.replace("INSIDE", str(root / "in"))) for path in spec["mounts"]]
    container = shell("exit 0", volumeMounts=[mount("v", path) for path in paths])
    body = manifest("p", container, volumes=[{"name": "v"} | spec["volume"]])
    code, status = await client.call("POST", PODS, body)
    assert code == 422
    assert "outside the folders that this local cluster may use" in status["message"]


async def test_a_link_does_not_lead_outside(client: Client, root: Path) -> None:
    (root / "link").symlink_to("/tmp")
    container = shell("exit 0", volumeMounts=[mount("v", root / "link" / "x")])
    body = manifest("p", container, volumes=[{"name": "v", "emptyDir": {}}])
    assert (await client.call("POST", PODS, body))[0] == 422


async def test_a_folder_with_a_users_files_is_not_taken(client: Client, tmp_path: Path) -> None:
    kept = tmp_path / "mine" / "file"
    kept.parent.mkdir()
    kept.write_text("mine")
    container = shell("exit 0", volumeMounts=[mount("v", kept.parent)])
    body = manifest("p", container, volumes=[{"name": "v", "emptyDir": {}}])
    await client.create("pods", body)
    await client.until("p", lambda pod: state(pod).get("waiting"))
    await remove(client, "p")
    assert kept.read_text() == "mine"


async def test_one_path_has_one_owner(client: Client, root: Path) -> None:
    container = shell("exec sleep 60", volumeMounts=[mount("v", root / "v")])
    volumes = [{"name": "v", "emptyDir": {}}]
    await client.create("pods", manifest("one", container, volumes=volumes))
    await client.until("one", phase_is("Running"))
    await client.create("pods", manifest("two", container, volumes=volumes))
    await client.until("two", lambda pod: state(pod).get("waiting"))
    await remove(client, "one")
    await client.until("two", phase_is("Running"))


@pytest.mark.parametrize("path", ["../x", "/x", "a/../../x", "..x", ""])
async def test_a_file_stays_in_its_volume(client: Client, root: Path, path: str) -> None:
    item = {"path": path, "fieldRef": {"fieldPath": "metadata.name"}}
    volumes = [{"name": "v", "downwardAPI": {"items": [item]}}]
    container = shell("exit 0", volumeMounts=[mount("v", root / "v")])
    assert (await client.call("POST", PODS, manifest("p", container, volumes=volumes)))[0] == 422


async def test_a_folder_that_cannot_be_made_is_told(client: Client, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    container = shell("exit 0", volumeMounts=[mount("v", tmp_path / "file" / "v")])
    body = manifest("p", container, volumes=[{"name": "v", "emptyDir": {}}])
    await client.create("pods", body)
    await client.until("p", lambda pod: state(pod).get("waiting"))
    events = [item["message"] for item in client.cluster.objects("events")]
    assert any("Not a directory" in message for message in events)
    await remove(client, "p")


async def test_a_removed_folder_does_not_harm_a_patch(client: Client, root: Path) -> None:
    tell = root / "tell"
    item = {"path": "tell", "fieldRef": {"fieldPath": "metadata.annotations['t']"}}
    volumes = [{"name": "tell", "downwardAPI": {"items": [item]}}]
    script = f"rm -r {tell}; exec sleep 60"
    container = shell(script, volumeMounts=[mount("tell", tell)])
    await client.create("pods", manifest("p", container, volumes=volumes))
    await client.until("p", lambda pod: phase_is("Running")(pod) and not tell.exists())
    patch = {"metadata": {"annotations": {"t": "x"}}}
    assert (await client.call("PATCH", f"{PODS}/p", patch, **MERGE))[0] == 200
    await remove(client, "p")


async def test_the_working_folder(client: Client, root: Path) -> None:
    inside, outside = root / "new" / "folder", "/no/such/folder"
    pods = {"in": {"workingDir": str(inside)}, "out": {"workingDir": outside}, "own": {}}
    for name, rest in pods.items():
        await client.create("pods", manifest(name, shell("pwd", **rest)))
    await client.until("in", phase_is("Succeeded"))
    await client.until("own", phase_is("Succeeded"))
    assert client.cluster.log("in", "c0").decode().strip() == str(inside)
    assert str(root / "pods") in client.cluster.log("own", "c0").decode()
    pod = await client.until("out", lambda pod: terminated(pod) and pod)
    assert outside in terminated(pod)["message"]
