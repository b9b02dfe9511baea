"""How fast requests may follow each other, in the time of a loop that never waits."""

from __future__ import annotations

import asyncio

import pytest

from podlane.clients.kube.budget import Budget

pytestmark = pytest.mark.looptime


async def times(budget: Budget, count: int) -> list[float]:
    loop = asyncio.get_running_loop()
    began, found = loop.time(), []

    async def go() -> None:
        await budget.take()
        found.append(round(loop.time() - began, 3))

    await asyncio.gather(*(go() for _ in range(count)))
    return found


async def test_a_few_go_at_once_and_many_by_the_rate() -> None:
    found = await times(Budget(rate=10, burst=5), 8)
    assert found == [0, 0, 0, 0, 0, 0.1, 0.2, 0.3]


async def test_a_quiet_while_fills_it_again_and_no_more() -> None:
    budget = Budget(rate=10, burst=3)
    await times(budget, 10)
    await asyncio.sleep(60)
    assert await times(budget, 4) == [0, 0, 0, 0.1]


async def test_one_after_the_other_is_not_held_up() -> None:
    budget = Budget(rate=10, burst=1)
    for _ in range(5):
        await asyncio.sleep(0.11)
        assert await times(budget, 1) == [0]
