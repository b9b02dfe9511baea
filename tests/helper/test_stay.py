"""The build container of a failed job lives on after the helper, where the runner asks for it."""

from __future__ import annotations

import asyncio

import pytest

from helper.rig import Rig
from helper.test_job import plain

SHELLS = ("dash", "bash", "busybox ash")


def ask(rig: Rig) -> None:
    rig.change_part("limits", keep=600.0)
    (rig.pod / "tell" / "name").write_text("the-pod")
    (rig.pod / "tell" / "namespace").write_text("ci")


@pytest.mark.parametrize("shell", SHELLS)
async def test_it_lives_on_when_the_job_failed(rig: Rig, shell: str) -> None:
    ask(rig)
    rig.script("sleep 60 &", "exit 3")
    await rig.start(shell=shell)
    await rig.end(loop_ends=False)
    assert (rig.job.state, rig.job.exit_code) == ("failed", 3)
    assert rig.word.state == "accepted"
    assert rig.word.is_kept
    assert plain(rig.trace).endswith(
        "The pod stays for 10m0s to be looked into; the working copy is in "
        f"{rig.project}\n  kubectl -n ci exec -it the-pod -c build -- sh\n"
    )
    assert rig.loop is not None
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(rig.loop.wait(), 1.5)


async def test_sources_that_cannot_be_had_are_looked_into_as_well(rig: Rig) -> None:
    ask(rig)
    rig.change_part("sources", sha="0" * 40)
    await rig.start()
    await rig.end(loop_ends=False)
    assert rig.job.state == "failed"
    assert rig.word.is_kept


@pytest.mark.parametrize("script", ["true", "exit 3"])
async def test_it_ends_where_nothing_is_to_be_looked_into(rig: Rig, script: str) -> None:
    if script == "true":
        ask(rig)
    rig.script(script)
    await rig.run()
    assert not rig.word.is_kept
    assert "stays" not in rig.trace


async def test_it_ends_when_the_job_was_canceled(rig: Rig) -> None:
    ask(rig)
    rig.script("echo begun; sleep 30")
    await rig.start()
    await rig.until_trace("begun\n")
    rig.coordinator.cancel(rig.job.id)
    await rig.end()
    assert rig.job.state == "canceled"
    assert not rig.word.is_kept


async def test_a_build_container_that_never_came_cannot_stay(rig: Rig) -> None:
    ask(rig)
    rig.change_part("limits", hello=0.5)
    await rig.start(with_loop=False)
    await rig.end()
    assert rig.job.state == "failed"
    assert not rig.word.is_kept
    assert "stays" not in rig.trace
