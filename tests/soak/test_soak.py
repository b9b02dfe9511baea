"""A short soak on the embedded cluster, and a ledger that finds what is wrong."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from harness import embedded, gitlab
from harness.embedded import EmbeddedCluster
from podlane.local.coordinator import CoordinatorJob
from soak import drive, ledger
from soak.schedule import Deal, blows, deals

COUNT, SEED = 24, 7


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[EmbeddedCluster]:
    repository = gitlab.make_repository(tmp_path / "demo")
    async with embedded.serve(tmp_path, repository) as found:
        yield found


@pytest.mark.timeout(150)
async def test_jobs_end_once_and_whole_while_things_go_wrong(stage: EmbeddedCluster) -> None:
    result = await drive.soak(stage, COUNT, SEED, width=4)
    assert not result.wrong, "\n".join(result.wrong)
    assert sum(result.blows.values()) >= 4


def test_the_seed_repeats_the_schedule() -> None:
    assert (deals(5, 300), blows(5, 300)) == (deals(5, 300), blows(5, 300))
    assert blows(5, 300) != blows(6, 300)
    assert {blow.kind for blow in blows(1, 500)} >= {"kill-manager", "api-away", "kill-helper"}


def ended(tmp_path: Path, lines: list[int], state: str, reason: str) -> CoordinatorJob:
    file = tmp_path / "trace"
    file.write_text("".join(f"job 1 line {number}\n" for number in lines))
    job = CoordinatorJob(1, "t", {}, frozenset(), file)
    job.state, job.failure_reason = state, reason
    return job


DEAL = Deal(1, "prints", 3, 0)
WHOLE = [1, 2, 3]
SYSTEM = "runner_system_failure"


@pytest.mark.parametrize(
    ("lines", "state", "reason", "runs", "struck", "wrong"),
    [
        (WHOLE, "success", "", 1, (), ""),
        (WHOLE, "success", "", 2, (), "ran 2 times"),
        (WHOLE, "success", "", 0, (), "its script ran 0 times"),
        (WHOLE, "failed", SYSTEM, 1, (), "ended"),
        ([1, 2], "success", "", 1, (), "2 of 3 lines"),
        ([1, 3], "success", "", 1, (), "line 3 after line 1"),
        ([1, 2, 2, 3], "success", "", 1, ("delete-pod",), "line 2 after line 2"),
        ([1], "failed", SYSTEM, 1, ("delete-pod",), "does not say why"),
        (WHOLE, "failed", "script_failure", 1, ("delete-pod",), "ended"),
    ],
)
def test_the_ledger_finds(
    tmp_path: Path,
    lines: list[int],
    state: str,
    reason: str,
    runs: int,
    struck: tuple[str, ...],
    wrong: str,
) -> None:
    job = ended(tmp_path, lines, state, reason)
    found = " ".join(ledger.check((DEAL,), {1: job}, {1: runs}, {1: struck}))
    assert wrong in found if wrong else not found
