"""This manager's seat among those of its installation, held by a Lease (`core.pod.seats`).

A single manager needs none: it does all there is to do, and asks the cluster nothing for it.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any, Protocol

import msgspec

from podlane.clients.kube.api import KubeApi
from podlane.clients.kube.follow import Broken, Changed, Listed, Query, follow
from podlane.clients.kube.kinds import LEASE
from podlane.core.pod import seats
from podlane.core.pod.seats import Give, Held, Lost, Pace, RawLease, Seat, Take, Want
from podlane.core.text.seat_names import SEAT
from podlane.errors import PodlaneError, ServiceError

log = logging.getLogger(__name__)
_GIVE_SECONDS = 3.0
_LONGEST_SLEEP = 1.0
_LAUNCH_SECONDS = 20.0


class Seating(msgspec.Struct, frozen=True):
    """How many managers there are to be, and where their Leases are. `me`: no other has it, and
    the same container has it again after a restart."""

    replicas: int
    namespace: str
    me: str
    pace: Pace = Pace()


class Part(Protocol):
    """What a manager may do of what there is to do."""

    replicas: int

    @property
    def settles(self) -> bool:
        """Whether jobs are this manager's to settle, and what is left behind to remove."""

    def why_none(self) -> str:
        """What keeps it from asking for jobs; "" when nothing does."""

    def share(self, total: int, key: str = "") -> int:
        """Its part of a limit."""

    def is_mine(self, seat: str) -> bool:
        """Whether a job that was launched from a seat counts for its part."""

    def seat(self, live: Callable[[str, Callable[[str], bool]], int]) -> str:
        """The seat that a job is launched from, which is written on it; "" where there is none.
        `live` counts the jobs of a runner that were launched from a seat."""

    def watch(self, woken: Callable[[], None]) -> None:
        """Have `woken` called when any of this has changed."""


class Alone:
    """The one manager of its installation."""

    replicas = 1
    settles = True

    def why_none(self) -> str:
        return ""

    def share(self, total: int, key: str = "") -> int:
        return total

    def is_mine(self, seat: str) -> bool:
        return True

    def seat(self, live: Callable[[str, Callable[[str], bool]], int]) -> str:
        return ""

    def watch(self, woken: Callable[[], None]) -> None:
        """It never changes."""


class Seats:
    """`serve` sees to them; `home` is None until there is one."""

    def __init__(self, seating: Seating, installation: str, open_api: Callable[[], KubeApi]):
        self.replicas = seating.replicas
        self.home: int | None = None
        self.lost = asyncio.Event()
        self._seating = seating
        self._installation = installation
        self._open_api = open_api
        self._table: dict[int, Seat] = {}
        self._sent_at: dict[int, float] = {}
        self._before: tuple[int, ...] = ()
        self._stirred = asyncio.Event()
        self._seated = asyncio.Event()
        self._watchers: list[Callable[[], None]] = []
        self._pauses_until = 0.0
        self._said = ""

    @property
    def settles(self) -> bool:
        return seats.SETTLING in self._valid()

    def why_none(self) -> str:
        return "" if self._valid() else "no seat"

    def why_not_ready(self) -> str:
        if self.home is not None:
            return ""
        if not self._table:
            return "no Lease of this installation is there, or it cannot be seen"
        return "each seat is taken by another manager"

    def share(self, total: int, key: str = "") -> int:
        return seats.share(total, self.replicas, self._valid(), key)

    def is_mine(self, seat: str) -> bool:
        return seat.isdecimal() and int(seat) in self._sent_at

    def seat(self, live: Callable[[str, Callable[[str], bool]], int]) -> str:
        """The one with the fewest jobs; its home where it has lost sight."""
        held = self._valid() or (() if self.home is None else (self.home,))
        counted = [(live("", str(one).__eq__), one) for one in held]
        return str(min(counted)[1]) if counted else ""

    def watch(self, woken: Callable[[], None]) -> None:
        self._watchers.append(woken)

    async def seated(self) -> int:
        """Wait for a home; its ordinal."""
        await self._seated.wait()
        assert self.home is not None
        return self.home

    async def serve(self) -> None:
        """For ever: hold what is held, take what is free, give what is wanted."""
        api = self._open_api()
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._follow(api))
                while True:
                    await self._round(api)
        finally:
            with suppress(ServiceError, TimeoutError):
                async with asyncio.timeout(_GIVE_SECONDS):
                    await self._give_all(api)
            await api.close()

    async def _follow(self, api: KubeApi) -> None:
        where, labels = self._seating.namespace, seats.selector(self._installation)
        async for event in follow(api, Query(LEASE, where, labels, item=RawLease)):
            match event:
                case Listed(items=items):
                    self._see_all(items)
                case Changed(type="DELETED", item=raw):
                    self._see(raw, is_there=False)
                case Changed(item=raw):
                    self._see(raw)
                case Broken(error=error):
                    self._lose_sight(error)
            self._stirred.set()

    def _see_all(self, items: list[RawLease]) -> None:
        there = {raw.metadata.labels.get(SEAT) for raw in items}
        self._table = {key: one for key, one in self._table.items() if str(key) in there}
        for raw in items:
            self._see(raw)
        if not self._table:
            self._say("There is no Lease for this manager", _missing(self._seating))

    def _see(self, raw: RawLease, *, is_there: bool = True) -> None:
        seat = seats.parse_seat(raw, _now())
        if seat is None or seat.ordinal >= self.replicas:
            return
        old = self._table.get(seat.ordinal)
        if not is_there:
            self._table.pop(seat.ordinal, None)
        elif old is None or old.version < seat.version:
            self._table[seat.ordinal] = seat

    def _lose_sight(self, error: Exception) -> None:
        """While nothing can be seen, nobody's Lease runs out: its holder may be no better off."""
        self._table = {
            key: msgspec.structs.replace(one, seen_at=_now()) for key, one in self._table.items()
        }
        self._say("Cannot see to this manager's seat, trying again", str(error))

    async def _round(self, api: KubeApi) -> None:
        self._tell()
        held = Held(self._seating.me, self.home, self._sent_at)
        step = seats.next_step(self._table, held, _now(), self._seating.pace)
        if step is None or (_now() < self._pauses_until and not isinstance(step, Lost)):
            self._stirred.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout(self._sleep()):
                    await self._stirred.wait()
            return
        try:
            async with asyncio.timeout(self._seating.pace.again * 2):
                await self._do(step, api)
            self._said = ""
        except (PodlaneError, TimeoutError) as error:
            self._pauses_until = _now() + self._seating.pace.again
            if not (isinstance(error, ServiceError) and error.status == 409):
                self._lose_sight(error)

    def _sleep(self) -> float:
        pace = self._seating.pace
        return min(_LONGEST_SLEEP, pace.again / 2, pace.renew / 4)

    async def _do(self, step: seats.Step, api: KubeApi) -> None:
        seat, me, began_at = self._table.get(step.ordinal), self._seating.me, _now()
        match step:
            case Lost():
                self._drop(step.ordinal)
                if step.ordinal == self.home:
                    log.warning("Another manager has this one's seat; leaving")
                    self.lost.set()
            case Take() if seat is not None:
                is_new = step.ordinal not in self._sent_at
                time = datetime.now(UTC).isoformat(timespec="microseconds")
                patch = seats.taken(seat, me, time.replace("+00:00", "Z"), self._seating.pace)
                await self._patch(api, seat, patch)
                self._sent_at[step.ordinal] = began_at
                if is_new:
                    self._sit(step.ordinal)
            case Give() if seat is not None:
                self._drop(step.ordinal)  # first: what is done from it ends before it is another's
                await self._patch(api, seat, seats.given(seat))
                log.info("Gave a seat to another manager", extra=_fields(step.ordinal))
            case Want() if seat is not None:
                await self._patch(api, seat, seats.wanted(seat, me))

    async def _patch(self, api: KubeApi, seat: Seat, patch: dict[str, Any]) -> None:
        found = await api.patch(LEASE, self._seating.namespace, seat.name, patch)
        self._see(msgspec.convert(found, RawLease))

    def _sit(self, ordinal: int) -> None:
        if self.home is None:
            self.home = ordinal
            self._seated.set()
            log.info("Took a seat", extra=_fields(ordinal))
        else:
            log.info("Looks after the seat of a manager that is gone", extra=_fields(ordinal))
        self._tell()

    def _drop(self, ordinal: int) -> None:
        self._sent_at.pop(ordinal, None)
        self._tell()

    async def _give_all(self, api: KubeApi) -> None:
        given, self._sent_at = list(self._sent_at), {}
        self._tell()
        for ordinal in given:
            await self._patch(api, self._table[ordinal], seats.given(self._table[ordinal]))

    def _tell(self) -> None:
        """Wake whoever hangs on what is held."""
        valid, before = self._valid(), self._before
        if valid == before:
            return
        self._before = valid
        if (seats.SETTLING in valid) != (seats.SETTLING in before):
            log.info("Settles jobs" if seats.SETTLING in valid else "Settles no more jobs")
        for woken in self._watchers:
            woken()

    def _valid(self) -> tuple[int, ...]:
        held = Held(self._seating.me, self.home, self._sent_at)
        return held.valid(_now(), self._seating.pace)

    def _say(self, message: str, why: str) -> None:
        if why != self._said:
            self._said = why
            log.warning(message, extra={"fields": {"why": why}})


class Duty:
    """What only one manager does. `launch_seconds`: how long another's launch may take.

    What has been begun is cut off when it is not ours any more; all of it can be done again.
    """

    def __init__(self, part: Part) -> None:
        self.part = part
        self.launch_seconds = 0.0 if part.replicas == 1 else _LAUNCH_SECONDS
        self._tasks: set[asyncio.Task[None]] = set()
        part.watch(self._look)

    @property
    def is_ours(self) -> bool:
        return self.part.settles

    def begin(
        self, tasks: asyncio.TaskGroup, what: Coroutine[Any, Any, None], ended: Callable[[], None]
    ) -> None:
        """Do it as a task; `ended` is called in any case."""
        task = tasks.create_task(what)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        task.add_done_callback(lambda _: ended())

    def _look(self) -> None:
        if not self.is_ours:
            for task in self._tasks:
                task.cancel()


def _now() -> float:
    return asyncio.get_running_loop().time()


def _fields(ordinal: int) -> dict[str, object]:
    return {"fields": {"seat": ordinal}}


def _missing(seating: Seating) -> str:
    where = seating.namespace
    return f"none is in namespace {where}; `podlane deploy render` shows {seating.replicas}"
