"""Credentials are fetched when a job needs better ones, and not more often."""

from __future__ import annotations

import asyncio
import time

import msgspec
import pytest

from podlane.errors import Unavailable
from podlane.manager.stores.keyring import Keyring, Keyrings


class Pass(msgspec.Struct, frozen=True):
    expires_at: float
    number: int = 0


class Cloud:
    """Hands out passes that last `life` seconds; 0: for ever. Counts."""

    def __init__(self, life: float) -> None:
        self.life = life
        self.asked: list[float] = []
        self.is_away = False

    async def fetch(self, until: float) -> Pass:
        self.asked.append(until)
        await asyncio.sleep(0)
        if self.is_away:
            raise Unavailable("away", service="store")
        return Pass(time.time() + self.life if self.life else 0, len(self.asked))


def soon(seconds: float) -> float:
    return time.time() + seconds


async def test_what_does_not_end_is_fetched_once() -> None:
    cloud = Cloud(0)
    ring = Keyring(cloud.fetch)
    for _ in range(3):
        await ring.get(soon(10**9))
    assert len(cloud.asked) == 1


async def test_many_jobs_at_once_wait_for_one_fetch() -> None:
    cloud = Cloud(3600)
    ring = Keyring(cloud.fetch)
    found = await asyncio.gather(*(ring.get(soon(1000)) for _ in range(20)))
    assert {one.number for one in found} == {1}


@pytest.mark.parametrize(
    ("life", "first", "second", "fetches"),
    [
        (3600, 1000, 1000, 1),
        (3600, 1000, 3000, 1),
        (3600, 1000, 9000, 2),  # it may be had for longer: ask
        (3600, 9000, 9000, 1),  # as much was asked for a moment ago, and not given
        (3600, 9000, 1000, 1),
        (100, 10, 10, 2),  # all but over
        (-1, 10, 10, 2),
    ],
)
async def test_when_better_ones_are_asked_for(
    life: float, first: float, second: float, fetches: int
) -> None:
    cloud = Cloud(life)
    ring = Keyring(cloud.fetch)
    await ring.get(soon(first))
    await ring.get(soon(second))
    assert len(cloud.asked) == fetches


async def test_those_at_hand_do_while_the_cloud_is_away() -> None:
    cloud = Cloud(3600)
    ring = Keyring(cloud.fetch)
    first = await ring.get(soon(1000))
    cloud.is_away = True
    assert await ring.get(soon(9000)) == first
    cloud.is_away = False
    assert (await ring.get(soon(9000))).number == 3


async def test_ended_ones_do_not() -> None:
    cloud = Cloud(100)
    ring = Keyring(cloud.fetch)
    await ring.get(soon(10))
    cloud.is_away = True
    with pytest.raises(Unavailable):
        await ring.get(soon(10))


async def test_the_least_used_ring_is_forgotten() -> None:
    cloud = Cloud(3600)
    rings: Keyrings[Pass] = Keyrings(2)
    for name in ("a", "b", "a", "c", "a", "b"):
        await rings.ring(name, cloud.fetch).get(soon(1000))
    assert len(cloud.asked) == 4  # a, b, c, and b again
