"""What can go wrong in a cluster, told to the embedded one and seen through its API."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import aiohttp
import pytest

from local.cluster.kube_client import (
    Client,
    Manifest,
    condition,
    is_alive,
    manifest,
    phase_is,
    shell,
    state,
    terminated,
    until_dead,
    until_file,
)
from podlane.local.cluster import faults

PODS = "/api/v1/namespaces/ci/pods"
FOREVER = shell("exec sleep 300")


def waits_for(reason: str) -> object:
    return lambda pod: state(pod).get("waiting", {}).get("reason") == reason


async def test_unschedulable_until_released(client: Client) -> None:
    client.cluster.faults.add(faults.Unschedulable(name="stuck*"))
    await client.create("pods", manifest("stuck-1", shell("exit 0")))
    await client.create("pods", manifest("stuck-2", shell("exit 0")))
    await client.create("pods", manifest("free", shell("exit 0")))
    pod = await client.until("stuck-1", lambda pod: condition(pod, "PodScheduled") and pod)
    found = condition(pod, "PodScheduled")
    assert (found["status"], found["reason"]) == ("False", "Unschedulable")
    assert found["message"].startswith("0/1 nodes are available: ")
    await client.until("free", phase_is("Succeeded"))
    await client.call("DELETE", PODS + "/stuck-2")
    assert await client.code("stuck-2") == 404
    client.cluster.release("stuck-1")
    await client.until("stuck-1", phase_is("Succeeded"))


@pytest.mark.parametrize(
    ("why", "text"),
    [
        ("not-found", "code = NotFound desc = failed to pull and unpack image"),
        ("unauthorised", "401 Unauthorized"),
        ("network", "no such host"),
    ],
)
async def test_an_image_does_not_come(client: Client, why: str, text: str) -> None:
    fault = faults.PullFails(image="*/private:*", why=why)  # type: ignore[arg-type]
    client.cluster.faults.add(fault)
    body = manifest("p", FOREVER, shell("exit 0", image="host.example/private:1"))
    await client.create("pods", body)
    pod = await client.until(
        "p", lambda pod: state(pod, 1).get("waiting", {}).get("message") and pod
    )
    assert state(pod, 1)["waiting"]["reason"] == "ErrImagePull"
    assert text in state(pod, 1)["waiting"]["message"]
    assert "host.example/private:1" in state(pod, 1)["waiting"]["message"]
    assert state(pod, 0)["running"]
    assert pod["status"]["phase"] == "Pending"
    pod = await client.until(
        "p",
        lambda pod: state(pod, 1)["waiting"]["reason"] == "ImagePullBackOff" and pod,
    )
    message = state(pod, 1)["waiting"]["message"]
    assert message.startswith('Back-off pulling image "host.example/private:1": ErrImagePull: ')
    client.cluster.faults.remove(fault)
    await client.until("p", lambda pod: terminated(pod, 1))


async def test_an_image_name_that_is_none(client: Client) -> None:
    await client.create("pods", manifest("p", shell("exit 0", image="bad image//")))
    pod = await client.until("p", lambda pod: waits_for("InvalidImageName")(pod) and pod)  # type: ignore[operator]
    assert "invalid reference format" in state(pod)["waiting"]["message"]
    await client.call("DELETE", PODS + "/p")
    await client.gone("p")


async def test_a_slow_pull_blinds_and_deafens(client: Client, tmp_path: Path) -> None:
    client.cluster.faults.add(faults.SlowPull(container="build", seconds=0.6))
    helper = shell(f"echo $$ > {tmp_path}/pid; exec sleep 300", name="helper")
    build = shell("exec sleep 300", name="build")
    begin = time.monotonic()
    await client.create("pods", manifest("p", helper, build))
    pid = int(await until_file(tmp_path / "pid"))
    await client.call("DELETE", PODS + "/p", {"gracePeriodSeconds": 1})
    assert state(await client.pod("p"))["waiting"]["reason"] == "ContainerCreating"
    while time.monotonic() < begin + 0.5:
        assert is_alive(pid)
        await asyncio.sleep(0.02)
    await client.gone("p")
    await until_dead(pid)
    messages = [item["message"] for item in client.cluster.objects("events")]
    assert "Started container build" in messages


async def test_out_of_memory(client: Client) -> None:
    client.cluster.faults.add(faults.OutOfMemory(container="build", after=0.05))
    await client.create("pods", manifest("p", shell("exit 0"), shell("sleep 300", name="build")))
    pod = await client.until("p", lambda pod: phase_is("Failed")(pod) and pod)
    assert terminated(pod, 1)["exitCode"] == 137
    assert terminated(pod, 1)["reason"] == "OOMKilled"


async def test_out_of_memory_now(client: Client) -> None:
    await client.create("pods", manifest("p", FOREVER))
    await client.until("p", phase_is("Running"))
    await client.cluster.run_out_of_memory("p", "c0")
    await client.until("p", lambda pod: terminated(pod).get("reason") == "OOMKilled")


async def test_evicted_by_the_kubelet(client: Client, tmp_path: Path) -> None:
    script = f"trap '' TERM; echo $$ > {tmp_path}/pid; while :; do sleep 0.05; done"
    await client.create("pods", manifest("p", shell(script), terminationGracePeriodSeconds=60))
    pid = int(await until_file(tmp_path / "pid"))
    await client.until("p", phase_is("Running"))
    client.cluster.evict("p")
    pod = await client.until("p", lambda pod: phase_is("Failed")(pod) and pod)
    await until_dead(pid)
    assert pod["status"]["reason"] == "Evicted"
    assert "low on resource: memory" in pod["status"]["message"]
    found = condition(pod, "DisruptionTarget")
    assert (found["status"], found["reason"]) == ("True", "TerminationByKubelet")
    await client.call("DELETE", PODS + "/p")
    await client.gone("p")


async def test_drained(client: Client) -> None:
    await client.create("pods", manifest("p", shell("trap 'exit 0' TERM; sleep 300 & wait")))
    await client.until("p", phase_is("Running"))
    client.cluster.drain("p")
    pod = await client.pod("p")
    assert pod["metadata"]["deletionTimestamp"]
    assert condition(pod, "DisruptionTarget")["reason"] == "EvictionByEvictionAPI"
    await client.gone("p")


async def test_a_lost_node_reports_and_hears_nothing(client: Client, tmp_path: Path) -> None:
    fault = faults.NodeLost(name="p")
    script = f"echo $$ > {tmp_path}/pid; until [ -e {tmp_path}/end ]; do sleep 0.02; done"
    await client.create("pods", manifest("p", shell(script)))
    pid = int(await until_file(tmp_path / "pid"))
    await client.until("p", phase_is("Running"))
    client.cluster.faults.add(fault)
    await client.call("DELETE", PODS + "/p")
    (tmp_path / "end").touch()
    await until_dead(pid)
    assert state(await client.pod("p"))["running"]
    client.cluster.release("p")
    await client.gone("p")


async def test_a_delayed_status(client: Client, tmp_path: Path) -> None:
    client.cluster.faults.add(faults.DelayedStatus(seconds=0.4))
    await client.create("pods", manifest("p", shell(f"echo $$ > {tmp_path}/pid")))
    pid = int(await until_file(tmp_path / "pid"))
    await until_dead(pid)
    begin = time.monotonic()
    assert not terminated(await client.pod("p"))
    await client.until("p", lambda pod: terminated(pod))
    assert time.monotonic() - begin > 0.2


async def test_a_fault_strikes_so_many_times(client: Client) -> None:
    fault = faults.PullFails(times=1, retry_after=0.05)
    client.cluster.faults.add(fault)
    await client.create("pods", manifest("p", shell("exit 0")))
    await client.until("p", phase_is("Succeeded"))


async def test_admission_refuses(client: Client) -> None:
    client.cluster.faults.add(faults.Refused(resource="pods", times=1))
    code, status = await client.call("POST", PODS, manifest("p", FOREVER))
    assert (code, status["reason"]) == (403, "Forbidden")
    wanted = 'pods "p" is forbidden: exceeded quota: compute, requested: pods=1'
    assert status["message"].startswith(wanted)
    assert status["details"] == {"name": "p", "kind": "pods"}
    await client.create("pods", manifest("p", FOREVER))


async def test_a_role_lacks_a_verb(client: Client) -> None:
    client.cluster.faults.add(faults.NoRight(verb="list", resource="secrets"))
    code, status = await client.call("GET", "/api/v1/namespaces/ci/secrets")
    assert (code, status["reason"]) == (403, "Forbidden")
    assert (
        'cannot list resource "secrets" in API group "" in the namespace "ci"'
        in (status["message"])
    )


@pytest.mark.parametrize("status", [429, 500, 503])
async def test_the_server_is_down_for_a_while(client: Client, status: int) -> None:
    client.cluster.faults.add(faults.ApiDown(status=status, times=2, retry_after=1))
    codes = [(await client.call("GET", PODS))[0] for _ in range(3)]
    assert codes == [status, status, 200]


async def test_the_connection_is_dropped(client: Client) -> None:
    client.cluster.faults.add(faults.ApiDown(verb="create", status=0))
    with pytest.raises(aiohttp.ClientConnectionError):
        await client.call("POST", PODS, manifest("p", FOREVER))
    assert (await client.call("GET", PODS))[0] == 200


async def test_connections_are_refused(client: Client) -> None:
    await client.call("GET", PODS)
    await client.cluster.refuse_connections()
    with pytest.raises(aiohttp.ClientConnectionError):
        await client.call("GET", PODS)
    await client.cluster.accept_connections()
    assert (await client.call("GET", PODS))[0] == 200


async def test_requests_can_be_slow(client: Client) -> None:
    client.cluster.faults.add(faults.ApiSlow(seconds=0.1, times=1))
    begin = time.monotonic()
    await client.call("GET", PODS)
    assert time.monotonic() - begin >= 0.1


async def test_labels_choose_the_pod(client: Client) -> None:
    client.cluster.faults.add(faults.Unschedulable(labels={"team": "a*"}))
    bodies: list[Manifest] = [
        manifest(name, shell("exit 0"), metadata={"labels": {"team": team}})
        for name, team in (("one", "ab"), ("two", "b"))
    ]
    for body in bodies:
        await client.create("pods", body)
    await client.until("two", phase_is("Succeeded"))
    assert condition(await client.pod("one"), "PodScheduled")["status"] == "False"
    client.cluster.faults.clear()
    await client.until("one", phase_is("Succeeded"))
