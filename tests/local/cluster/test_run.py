"""Pods run as processes: order, exit codes, messages, ends."""

from __future__ import annotations

from pathlib import Path

from tests.local.cluster.conftest import (
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


async def test_deletion_ends_the_processes_and_then_the_object(
    client: Client, tmp_path: Path
) -> None:
    seen = tmp_path / "seen"
    script = f"trap 'echo term > {seen}; exit 5' TERM; echo $$ > {seen}.pid; while :; do sleep 0.02; done"
    await client.create("pods", manifest("p", shell(script)))
    pid = int(await until_file(tmp_path / "seen.pid"))
    code, pod = await client.call("DELETE", "/api/v1/namespaces/ci/pods/p")
    assert code == 200
    assert pod["metadata"]["deletionGracePeriodSeconds"] == 1
    await client.gone("p")
    assert seen.read_text() == "term\n"
    await until_dead(pid)
    assert state(pod).get("running")
