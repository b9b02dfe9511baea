"""Seats: at no time two on one, never more than the limits, and none empty for long."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from podlane.core.pod.seats import (
    SETTLING,
    Give,
    Held,
    Lost,
    Pace,
    RawLease,
    Seat,
    Take,
    Want,
    next_step,
    parse_seat,
    share,
    system_id,
    taken,
    wanted,
)
from podlane.core.pod.seats import given as given_back
from podlane.core.pod.state import RawMetadata
from podlane.core.text.seat_names import lease_name

PACE = Pace()
NOW = 1000.0


def table(*holders: str, age: float = 1, **changes: Any) -> dict[int, Seat]:
    return {
        number: replace(Seat(number, f"l-{number}", 7, holder, seen_at=NOW - age), **changes)
        for number, holder in enumerate(holders)
    }


@pytest.mark.parametrize(
    ("seats", "held", "step"),
    [
        (table("", ""), Held("a"), Take(0)),
        (table("b", ""), Held("a"), Take(1)),
        (table("b", "a"), Held("a"), Take(1)),  # its container was started anew
        (table("", "a"), Held("a"), Take(1)),
        (table("b", "c"), Held("a"), None),
        (table("b", "c", age=25), Held("a"), Take(0)),
        (table("b", "b"), Held("a"), Want(0)),
        (table("b", "b", wanted_by="c"), Held("a"), None),
        (table("a", "b"), Held("a", 0, {0: NOW - 1}), None),
        (table("a", "b"), Held("a", 0, {0: NOW - 10}), Take(0)),
        (table("c", "b"), Held("a", 0, {0: NOW - 1}), Lost(0)),
        ({}, Held("a", 0, {0: NOW - 1}), Lost(0)),
        (table("a", "", age=29), Held("a", 0, {0: NOW - 1}), None),
        (table("a", "", age=30), Held("a", 0, {0: NOW - 1}), Take(1)),
        (table("a", "b", age=54), Held("a", 0, {0: NOW - 1}), None),
        (table("a", "b", age=55), Held("a", 0, {0: NOW - 1}), Take(1)),
        (table("", "a"), Held("a", 1, {1: NOW - 1}), Take(SETTLING)),
        (table("b", "a", age=24), Held("a", 1, {1: NOW - 1}), None),
        (table("b", "a", age=25), Held("a", 1, {1: NOW - 1}), Take(SETTLING)),
        (table("a", "a", wanted_by="b"), Held("a", 1, {0: NOW - 1, 1: NOW - 1}), Give(0)),
        (table("a", "a", wanted_by="b"), Held("a", 0, {0: NOW - 1, 1: NOW - 1}), Give(1)),
        (table("a", "c", wanted_by="b"), Held("a", 0, {0: NOW - 1}), None),
    ],
)
def test_what_a_manager_does(seats: dict[int, Seat], held: Held, step: object) -> None:
    assert next_step(seats, held, NOW, PACE) == step


def test_a_holder_gives_up_before_another_may_begin() -> None:
    assert PACE.renew < PACE.deadline < PACE.lease <= 30
    held = Held("a", 0, {0: NOW})
    assert held.valid(NOW + PACE.deadline - 0.01, PACE) == (0,)
    assert held.valid(NOW + PACE.deadline, PACE) == ()


@given(st.integers(0, 200), st.integers(1, 7), st.text(max_size=9))
def test_shares_make_the_whole(total: int, replicas: int, key: str) -> None:
    shares = [share(total, replicas, [one], key) for one in range(replicas)]
    assert sum(shares) == total == share(total, replicas, range(replicas), key)
    assert max(shares) - min(shares) <= 1


def test_small_limits_do_not_all_come_to_one_seat() -> None:
    firsts = [share(1, 2, [0], f"runner-{number}") for number in range(40)]
    assert 8 < sum(firsts) < 32


def test_system_ids_are_each_its_own_and_the_first_is_the_single_managers() -> None:
    found = [system_id("r_0123456789ab", one) for one in range(3)]
    assert found[0] == "r_0123456789ab"
    assert len(set(found)) == 3
    assert all(one.startswith("r_") and len(one) == 14 for one in found)


@pytest.mark.parametrize("labels", [{}, {"podlane.dev/seat": "x"}, {"podlane.dev/seat": "-1"}])
def test_a_lease_that_is_no_seat(labels: dict[str, str]) -> None:
    assert parse_seat(RawLease(RawMetadata(labels=labels, resource_version="1")), 0) is None


def test_each_write_names_the_version_that_it_changes() -> None:
    seat = table("b", wanted_by="c")[0]
    for patch in (taken(seat, "a", "now", PACE), given_back(seat), wanted(seat, "a")):
        assert patch["metadata"]["resourceVersion"] == "7"
    assert taken(seat, "b", "now", PACE)["spec"].keys() == {
        "holderIdentity",
        "leaseDurationSeconds",
        "renewTime",
    }


@dataclass
class Store:
    """Leases as the API keeps them: a change names the version that it changes."""

    leases: dict[int, Seat]

    def write(self, seen: Seat, **changes: Any) -> Seat | None:
        now = self.leases[seen.ordinal]
        if now.version != seen.version:
            return None
        found = self.leases[seen.ordinal] = replace(now, version=now.version + 1, **changes)
        return found


def changes_of(step: Take | Give | Want, me: str) -> dict[str, str]:
    match step:
        case Take():
            return {"holder": me, "wanted_by": ""}
        case Give():
            return {"holder": "", "wanted_by": ""}
        case Want():
            return {"wanted_by": me}


@dataclass
class Manager:
    """One manager, with a clock of its own. `state`: it is well, it is cut off, it is blind (its
    watch is late, though its writes arrive), or it stands still."""

    me: str
    skew: float
    seats: dict[int, Seat] = field(default_factory=dict)
    sent: dict[int, float] = field(default_factory=dict)
    home: int | None = None
    state: str = "well"

    def held(self) -> Held:
        return Held(self.me, self.home, dict(self.sent))

    def valid(self, time: float) -> tuple[int, ...]:
        return self.held().valid(time + self.skew, PACE)

    def look(self, store: Store, time: float) -> None:
        if self.state in ("blind", "still"):
            return
        if self.state == "cut off":
            now = time + self.skew
            self.seats = {key: replace(one, seen_at=now) for key, one in self.seats.items()}
            return
        for key, one in store.leases.items():
            if key not in self.seats or self.seats[key].version < one.version:
                self.seats[key] = replace(one, seen_at=time + self.skew)

    def act(self, store: Store, time: float) -> None:
        if self.state == "still":
            return
        now, step = time + self.skew, next_step(self.seats, self.held(), time + self.skew, PACE)
        if isinstance(step, Lost | Give):
            self.sent.pop(step.ordinal)
        if isinstance(step, Lost) and step.ordinal == self.home:
            self.home, self.sent = None, {}  # it leaves and is started anew
        if step is None or isinstance(step, Lost) or self.state == "cut off":
            return
        after = store.write(self.seats[step.ordinal], **changes_of(step, self.me))
        if after is not None:
            self.seats[step.ordinal] = replace(after, seen_at=now)
        if after is not None and isinstance(step, Take):
            self.sent[step.ordinal] = now
            self.home = step.ordinal if self.home is None else self.home


DEEDS = st.lists(
    st.tuples(
        st.integers(0, 2),
        st.sampled_from(["cut off", "blind", "still", "well", "killed"]),
        st.integers(1, 60),
    ),
    max_size=12,
)


@given(DEEDS, st.lists(st.floats(-90, 90), min_size=3, max_size=3))
def test_never_two_on_one_seat(deeds: list[tuple[int, str, int]], skews: list[float]) -> None:
    """Whatever is lost, late or killed, and whatever the clocks show; and in quiet all is held."""
    store = Store({one: Seat(one, lease_name("i", one), 1) for one in range(2)})
    managers = [Manager(f"m-{number}", skew) for number, skew in enumerate(skews)]
    time = NOW
    for who, state, seconds in deeds:
        one = managers[who]
        managers[who] = Manager(f"{one.me}x", one.skew) if state == "killed" else one
        managers[who].state = "well" if state == "killed" else state
        time = _pass(managers, store, time, seconds)
    for one in managers:
        one.state = "well"
    time = _pass(managers, store, time, 150)
    held = sorted(ordinal for one in managers for ordinal in one.valid(time))
    assert held == [0, 1]
    assert sum(one.home is not None for one in managers) == 2, "one has both, another none"


def _pass(managers: list[Manager], store: Store, time: float, seconds: int) -> float:
    for second in range(seconds):
        for one in managers:
            one.look(store, time + second)
            one.act(store, time + second)
            held = [ordinal for one in managers for ordinal in one.valid(time + second)]
            assert len(held) == len(set(held)), "two sit on one seat"
    return time + seconds
