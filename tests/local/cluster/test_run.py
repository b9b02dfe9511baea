"""Pods run as processes: order, exit codes, last words, environment, ends."""

from __future__ import annotations

import asyncio
import sys
import time
from pathlib import Path

import pytest

from local.cluster.kube_client import (
    Client,
    condition,
    manifest,
    phase_is,
    shell,
    state,
    terminated,
    until_dead,
    until_file,
)


async def test_a_pod_runs_and_ends(client: Client, tmp_path: Path) -> None:
    word = tmp_path / "word"
    good = shell(f"echo -n hello > {word}; exit 0", terminationMessagePath=str(word))
    await client.create("pods", manifest("p", good, shell("exit 3")))
    await client.until("p", phase_is("Failed"))
    pod = await client.pod("p")
    assert terminated(pod, 0)["exitCode"] == 0
    assert terminated(pod, 0)["message"] == "hello"
    assert terminated(pod, 0)["reason"] == "Completed"
    assert terminated(pod, 1)["exitCode"] == 3
    assert terminated(pod, 1)["reason"] == "Error"
    assert condition(pod, "Ready")["reason"] == "PodFailed"


async def test_success_and_a_signal(client: Client) -> None:
    await client.create("pods", manifest("good", shell("exit 0")))
    await client.create("pods", manifest("killed", shell("kill -9 $$")))
    await client.until("good", phase_is("Succeeded"))
    await client.until("killed", phase_is("Failed"))
    assert terminated(await client.pod("killed"))["exitCode"] == 137


async def test_the_last_words_are_cut(client: Client, tmp_path: Path) -> None:
    word = tmp_path / "word"
    script = f"head -c 5000 /dev/zero | tr '\\0' x > {word}"
    await client.create("pods", manifest("p", shell(script, terminationMessagePath=str(word))))
    pod = await client.until("p", lambda pod: terminated(pod) and pod)
    assert len(terminated(pod)["message"]) == 4096


async def test_the_output_can_stand_in_for_last_words(client: Client) -> None:
    policy = {"terminationMessagePolicy": "FallbackToLogsOnError"}
    scripts = ["seq 100; exit 1", "echo fine", "head -c 9000 /dev/zero | tr '\\0' x; exit 1"]
    await client.create("pods", manifest("p", *(shell(script, **policy) for script in scripts)))
    pod = await client.until("p", lambda pod: phase_is("Failed")(pod) and pod)
    assert terminated(pod, 0)["message"].split() == [str(n) for n in range(21, 101)]
    assert "message" not in terminated(pod, 1)
    assert terminated(pod, 2)["message"] == "x" * 2048


async def test_a_command_that_does_not_exist(client: Client) -> None:
    missing = [{"command": ["/no/such"]}, {"command": ["no-such-command"]}]
    await client.create("pods", manifest("p", *missing))
    pod = await client.until("p", lambda pod: phase_is("Failed")(pod) and pod)
    assert terminated(pod, 0)["exitCode"] == 128
    assert terminated(pod, 0)["reason"] == "StartError"
    assert 'exec: "/no/such": stat /no/such: no such file' in terminated(pod, 0)["message"]
    assert "executable file not found in $PATH" in terminated(pod, 1)["message"]
    assert terminated(pod, 0)["startedAt"] == "1970-01-01T00:00:00Z"


async def test_containers_start_in_order_and_at_once(client: Client, tmp_path: Path) -> None:
    scripts = [
        shell(f"echo {index} >> {tmp_path}/order; exec sleep 60", name=name)
        for index, name in enumerate(("helper", "build"))
    ]
    begin = time.monotonic()
    await client.create("pods", manifest("p", *scripts))
    await until_file(tmp_path / "order")
    assert time.monotonic() - begin < 1
    await client.until("p", phase_is("Running"))
    assert (await client.pod("p"))["status"]["containerStatuses"][0]["ready"]


async def test_the_environment_is_the_manifests(client: Client, tmp_path: Path) -> None:
    secret = {"metadata": {"name": "s"}, "stringData": {"A": "from secret", "B": "b"}}
    await client.create("secrets", secret)
    env = [
        {"name": "X", "value": "v$$(X) $(Z) $$"},
        {"name": "Y", "value": "$(X)-$$(X)-$$-$(Z)"},
        {"name": "Z", "value": "zz"},
        {"name": "KEY", "valueFrom": {"secretKeyRef": {"name": "s", "key": "B"}}},
        {"name": "POD", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}},
    ]
    script = f"env -0 > {tmp_path}/env.part && mv {tmp_path}/env.part {tmp_path}/env"
    container = shell(script, env=env, envFrom=[{"secretRef": {"name": "s"}}])
    await client.create("pods", manifest("p", container))
    text = await until_file(tmp_path / "env")
    found = dict(line.split("=", 1) for line in text.split("\0") if line)
    assert found["X"] == "v$(X) $(Z) $"
    assert found["Y"] == "v$(X) $(Z) $-$(X)-$-$(Z)"
    assert (found["A"], found["B"], found["KEY"], found["POD"]) == ("from secret", "b", "b", "p")
    assert found["HOSTNAME"] == "p"
    ours = {"PATH", "HOME", "HOSTNAME", "X", "Y", "Z", "A", "B", "KEY", "POD"}
    assert set(found) - {"PWD", "OLDPWD", "SHLVL", "_"} == ours


async def test_words_are_expanded_as_kubernetes_does(client: Client, tmp_path: Path) -> None:
    words = "$$(X) $(X) $(UNKNOWN) $$ $$$$ $X $$$(X) a$b $( $(X $(U) $$$X $"
    container = {
        "command": ["sh", "-c", f'printf %s "$1" > {tmp_path}/words', "sh"],
        "args": [words],
        "env": [{"name": "X", "value": "v"}],
    }
    await client.create("pods", manifest("p", container))
    # What a v1.34 kubelet made of the same words.
    wanted = "$(X) v $(UNKNOWN) $ $$ $X $v a$b $( $(X $(U) $$X $"
    assert await until_file(tmp_path / "words") == wanted


async def test_output_is_kept_and_bounded(client: Client) -> None:
    await client.create("pods", manifest("p", shell("echo out; echo err >&2"), shell("cat")))
    await client.create("pods", manifest("loud", shell("head -c 3000000 /dev/zero")))
    for name in ("p", "loud"):
        await client.until(name, phase_is("Succeeded"))
    assert client.cluster.log("p", "c0") == b"out\nerr\n"
    assert len(client.cluster.log("loud", "c0")) == 1024 * 1024


async def test_deletion_ends_the_processes_and_then_the_object(
    client: Client, tmp_path: Path
) -> None:
    seen = tmp_path / "seen"
    script = (
        f"trap 'echo term > {seen}; exit 5' TERM; echo $$ > {seen}.pid; "
        "while :; do sleep 0.02; done"
    )
    await client.create("pods", manifest("p", shell(script)))
    pid = int(await until_file(tmp_path / "seen.pid"))
    await client.until("p", phase_is("Running"))
    code, pod = await client.call("DELETE", "/api/v1/namespaces/ci/pods/p")
    assert code == 200
    assert pod["metadata"]["deletionGracePeriodSeconds"] == 1
    await client.gone("p")
    assert seen.read_text() == "term\n"
    await until_dead(pid)
    assert state(pod)["running"]


async def test_who_ignores_term_is_killed_with_all_it_started(
    client: Client, tmp_path: Path
) -> None:
    script = (
        f"trap '' TERM; sleep 300 & setsid sleep 301 & echo $! > {tmp_path}/one; "
        f"(setsid sh -c 'sleep 302 & echo $! > {tmp_path}/two' &) ; wait; sleep 303"
    )
    await client.create("pods", manifest("p", shell(script)))
    pids = [int(await until_file(tmp_path / name)) for name in ("one", "two")]
    await client.call("DELETE", "/api/v1/namespaces/ci/pods/p")
    await client.gone("p")
    for pid in pids:
        await until_dead(pid)


async def test_what_outlives_its_container_is_ended(client: Client, tmp_path: Path) -> None:
    script = f"sleep 300 & echo $! > {tmp_path}/pid"
    await client.create("pods", manifest("p", shell(script), shell("exec sleep 60")))
    pid = int(await until_file(tmp_path / "pid"))
    await client.until("p", lambda pod: terminated(pod, 0))
    await until_dead(pid)


async def test_forced_deletion_and_a_shorter_grace(client: Client, tmp_path: Path) -> None:
    script = f"trap '' TERM; echo $$ > {tmp_path}/pid; while :; do sleep 0.05; done"
    await client.create("pods", manifest("p", shell(script), terminationGracePeriodSeconds=600))
    pid = int(await until_file(tmp_path / "pid"))
    path = "/api/v1/namespaces/ci/pods/p"
    _, pod = await client.call("DELETE", path)
    assert pod["metadata"]["deletionGracePeriodSeconds"] == 600
    await client.call("DELETE", path, {"gracePeriodSeconds": 0})
    assert await client.code("p") == 404
    await until_dead(pid)


async def test_the_deadline(client: Client) -> None:
    await client.create("pods", manifest("p", shell("exec sleep 60"), activeDeadlineSeconds=1))
    pod = await client.until("p", lambda pod: phase_is("Failed")(pod) and pod)
    assert pod["status"]["reason"] == "DeadlineExceeded"
    assert terminated(pod)["exitCode"] == 143


async def test_a_container_without_a_command_seems_to_run(client: Client) -> None:
    await client.create("pods", manifest("p", shell("exit 0"), {"name": "svc", "image": "redis"}))
    pod = await client.until("p", lambda pod: terminated(pod) and pod)
    assert state(pod, 1)["running"]
    assert b"images cannot run here" in client.cluster.log("p", "svc")
    assert pod["status"]["phase"] == "Running"
    await client.call("DELETE", "/api/v1/namespaces/ci/pods/p")
    await client.gone("p")


async def test_stop_leaves_nothing(client: Client, tmp_path: Path) -> None:
    script = f"trap '' TERM; echo $$ > {tmp_path}/pid; while :; do sleep 0.05; done"
    mount = {"name": "w", "mountPath": str(tmp_path / "cluster" / "builds" / "7")}
    container = shell(script, volumeMounts=[mount])
    await client.create("pods", manifest("p", container, volumes=[{"name": "w", "emptyDir": {}}]))
    pid = int(await until_file(tmp_path / "pid"))
    await client.cluster.stop()
    await until_dead(pid)
    assert not list((tmp_path / "cluster").iterdir())


async def test_twenty_at_once(client: Client) -> None:
    await asyncio.gather(
        *(client.create("pods", manifest(f"p{n}", shell("exit 0"))) for n in range(20))
    )
    for n in range(20):
        await client.until(f"p{n}", phase_is("Succeeded"))


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux lets a process adopt orphans")
async def test_a_daemon_that_hides_is_found(client: Client, tmp_path: Path) -> None:
    """Own session, own parent, no environment: it ends with its container all the same."""
    hidden = tmp_path / "hidden"
    script = (
        f"sleep 0.1; env -i setsid sh -c '(sleep 304 & echo $! > {hidden}) &'; "
        f"until [ -s {hidden} ]; do sleep 0.01; done"
    )
    await client.create("pods", manifest("p", shell(script), shell("exec sleep 60")))
    await client.until("p", lambda pod: terminated(pod, 0))
    await until_dead(int(hidden.read_text()))
