"""Init containers and sidecars: before the others, one after the other."""

from __future__ import annotations

from pathlib import Path

from local.cluster.kube_client import (
    Client,
    Manifest,
    condition,
    manifest,
    phase_is,
    shell,
    state,
    terminated,
    until_file,
)


def init(name: str, script: str, **rest: str) -> Manifest:
    return shell(script, name=name, image="busybox:1") | rest


async def test_they_run_first_and_in_order(client: Client, tmp_path: Path) -> None:
    order = tmp_path / "order"
    first = [init("one", f"sleep 0.1; echo 1 >> {order}"), init("two", f"echo 2 >> {order}")]
    body = manifest("p", shell(f"echo 3 >> {order}"), initContainers=first)
    await client.create("pods", body)
    pod = await client.until("p", lambda pod: state(pod) and pod)
    assert state(pod)["waiting"]["reason"] == "PodInitializing"
    assert condition(pod, "Initialized")["status"] == "False"
    pod = await client.until("p", lambda pod: phase_is("Succeeded")(pod) and pod)
    assert order.read_text() == "1\n2\n3\n"
    assert condition(pod, "Initialized")["status"] == "True"
    assert pod["status"]["initContainerStatuses"][0]["state"]["terminated"]["exitCode"] == 0


async def test_one_that_fails_fails_the_pod(client: Client) -> None:
    body = manifest("p", shell("exit 0"), initContainers=[init("one", "exit 4")])
    await client.create("pods", body)
    pod = await client.until("p", lambda pod: phase_is("Failed")(pod) and pod)
    assert pod["status"]["initContainerStatuses"][0]["state"]["terminated"]["exitCode"] == 4
    assert state(pod)["waiting"]["reason"] == "PodInitializing"


async def test_a_deletion_while_one_runs(client: Client, tmp_path: Path) -> None:
    first = init("one", f"echo $$ > {tmp_path}/pid; exec sleep 300")
    await client.create("pods", manifest("p", shell("exit 0"), initContainers=[first]))
    await until_file(tmp_path / "pid")
    await client.call("DELETE", "/api/v1/namespaces/ci/pods/p")
    await client.gone("p")


async def test_a_sidecar_ends_with_the_others(client: Client, tmp_path: Path) -> None:
    side = init("side", f"trap 'echo x > {tmp_path}/end; exit 0' TERM; sleep 300 & wait")
    side["restartPolicy"] = "Always"
    await client.create("pods", manifest("p", shell("sleep 0.2"), initContainers=[side]))
    pod = await client.until("p", lambda pod: phase_is("Succeeded")(pod) and pod)
    assert terminated(pod)["exitCode"] == 0
    assert (tmp_path / "end").exists()
