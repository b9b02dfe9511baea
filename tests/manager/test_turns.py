"""Whose turn it is: pods in the order of their records, and none beyond the limits."""

from __future__ import annotations

import asyncio

import pytest

from podlane.core.pod.state import RecordState
from podlane.errors import Unavailable
from podlane.manager.board import Board
from podlane.manager.reservation import Claimed
from podlane.manager.turns import Turns

pytestmark = pytest.mark.looptime
SITE = "cluster/ci"


def record(job: int, runner: str = "a") -> RecordState:
    return RecordState(f"job-{job}", "ci", f"uid-{job}", runner, job, "42", 0.0, version=job)


def board(*jobs: RecordState, site: str = SITE) -> Board:
    made = Board()
    for job in jobs:
        made.put_record(site, job, is_seen=True)
    return made


@pytest.mark.parametrize(
    ("concurrent", "limit", "who_waits"),
    [(0, 0, []), (3, 0, []), (2, 0, [3]), (1, 0, [2, 3]), (5, 1, [3]), (2, 2, [3])],
)
def test_the_first_of_those_that_live_are_due(
    concurrent: int, limit: int, who_waits: list[int]
) -> None:
    turns = Turns(board(record(3), record(1), record(2, "b")))
    turns.concurrent, turns.limits = concurrent, {"a": limit}
    found = [job for job in (1, 2, 3) if not turns.has_come((SITE, f"job-{job}"))]
    assert found == who_waits
    for job in (1, 2, 3):
        if job in who_waits:
            with pytest.raises(Unavailable):
                turns.check((SITE, f"job-{job}"))
        else:
            turns.check((SITE, f"job-{job}"))


def test_the_order_is_known_in_one_cluster_only() -> None:
    here = board(record(2))
    here.put_record("elsewhere/ci", record(1), is_seen=True)
    turns = Turns(here)
    turns.concurrent = 1
    assert turns.has_come((SITE, "job-2"))


async def test_it_waits_and_gitlab_keeps_the_job_meanwhile() -> None:
    here, kept = board(record(1), record(2)), []
    turns = Turns(here)
    turns.concurrent = 1

    async def keep() -> Claimed:
        kept.append(asyncio.get_running_loop().time())
        return "running"

    async with asyncio.TaskGroup() as tasks:
        began = asyncio.get_running_loop().time()
        waiting = tasks.create_task(turns.wait((SITE, "job-2"), keep))
        await asyncio.sleep(100)
        assert not waiting.done()
        here.lines[SITE, "job-1"].is_spoken = True
        here.stir((SITE, "job-1"))
        assert await waiting
    assert [round(at - began) for at in kept] == [30, 60, 90]


@pytest.mark.parametrize("end", ["unwanted", "gone"])
async def test_it_waits_no_more_for_what_nobody_wants(end: str) -> None:
    here = board(record(1), record(2))
    turns = Turns(here)
    turns.concurrent = 1

    async def keep() -> Claimed:
        return "unwanted" if end == "unwanted" else "running"

    async with asyncio.TaskGroup() as tasks:
        waiting = tasks.create_task(turns.wait((SITE, "job-2"), keep))
        await asyncio.sleep(1)
        if end == "gone":
            here.drop_record(SITE, "job-2")
            here.stir((SITE, "job-2"))
        assert not await waiting
