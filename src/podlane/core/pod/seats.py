"""Seats: how several managers of one installation share what one alone may do.

There is a seat, a Lease, for each manager that there is to be. Who sits on it asks GitLab under
the seat's own system id, and for the seat's share of the limits; who sits on the first one settles.
A manager keeps the seat that it came to, its home, and looks after others' that stand empty until
somebody comes for them. Nobody's clock is compared with another's: a Lease has run out when its
version has not changed for so long by one's own clock (docs/decisions/0013-several-managers.md).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from typing import Any
from zlib import crc32

import msgspec

from podlane.core.pod import names
from podlane.core.pod.state import RawMetadata
from podlane.core.text.seat_names import SEAT, SEATS

WANTED = "podlane.dev/wanted-by"  # on a Lease: a manager that has no seat
SETTLING = 0
Manifest = dict[str, Any]


class Pace(msgspec.Struct, frozen=True):
    """Seconds. A holder writes its Lease every `renew`, tries `again` where that fails, and counts
    as one no more `deadline` after it last began to. Others wait for `lease`, and for `vacancy`
    more before they look after an empty seat that is not the settling one."""

    renew: float = 10
    again: float = 2
    deadline: float = 18
    lease: float = 25
    vacancy: float = 30


class RawLeaseSpec(msgspec.Struct, frozen=True, rename="camel"):
    holder_identity: str | None = None
    lease_transitions: int | None = None


class RawLease(msgspec.Struct, frozen=True):
    metadata: RawMetadata = RawMetadata()
    spec: RawLeaseSpec = RawLeaseSpec()


class Seat(msgspec.Struct, frozen=True):
    """One Lease as it was last seen; `seen_at`: when it was last seen to change."""

    ordinal: int
    name: str
    version: int
    holder: str = ""
    wanted_by: str = ""
    transitions: int = 0
    seen_at: float = 0


class Held(msgspec.Struct, frozen=True):
    """What one manager, `me`, holds: when it began to write each Lease for the last time."""

    me: str
    home: int | None = None
    sent_at: Mapping[int, float] = {}

    def valid(self, now: float, pace: Pace) -> tuple[int, ...]:
        """The seats that nobody else can have taken yet."""
        return tuple(one for one, at in sorted(self.sent_at.items()) if now < at + pace.deadline)


class Take(msgspec.Struct, frozen=True):
    """Sit down, or write once more that one sits there."""

    ordinal: int


class Give(msgspec.Struct, frozen=True):
    """Somebody has no seat, and this one is not our home."""

    ordinal: int


class Want(msgspec.Struct, frozen=True):
    """Write on a Lease of one who holds several that we have none."""

    ordinal: int


class Lost(msgspec.Struct, frozen=True):
    """Somebody else sits there now."""

    ordinal: int


Step = Take | Give | Want | Lost


def parse_seat(raw: RawLease, now: float) -> Seat | None:
    """None where it is no seat of ours."""
    meta, spec = raw.metadata, raw.spec
    ordinal, version = meta.labels.get(SEAT, ""), meta.resource_version
    if not (ordinal.isdecimal() and version.isdecimal()):
        return None
    return Seat(
        ordinal=int(ordinal),
        name=meta.name,
        version=int(version),
        holder=spec.holder_identity or "",
        wanted_by=meta.annotations.get(WANTED, ""),
        transitions=spec.lease_transitions or 0,
        seen_at=now,
    )


def next_step(seats: Mapping[int, Seat], held: Held, now: float, pace: Pace) -> Step | None:
    """What one manager does now; None: nothing."""
    for ordinal, at in sorted(held.sent_at.items()):
        seat = seats.get(ordinal)
        if seat is None or seat.holder != held.me:
            return Lost(ordinal)
        if now >= at + pace.renew:
            return Take(ordinal)
    extra = [one for one in held.sent_at if one != held.home]
    if extra and any(seats[one].wanted_by not in ("", held.me) for one in held.sent_at):
        return Give(max(extra))
    empty = [one for one in sorted(seats) if one not in held.sent_at]
    if held.home is None:
        return _home(seats, empty, held.me, now, pace)
    for ordinal in empty:
        patience = 0 if ordinal == SETTLING else pace.vacancy
        if _empty_for(seats[ordinal], held.me, now, pace) >= patience:
            return Take(ordinal)
    return None


def _home(
    seats: Mapping[int, Seat], candidates: list[int], me: str, now: float, pace: Pace
) -> Step | None:
    free = [one for one in candidates if _empty_for(seats[one], me, now, pace) >= 0]
    if free:
        return Take(min(free, key=lambda one: (seats[one].holder != me, one)))
    holders = [one.holder for one in seats.values()]
    for ordinal in candidates:
        seat = seats[ordinal]
        if holders.count(seat.holder) > 1:
            return Want(ordinal) if not seat.wanted_by else None
    return None


def _empty_for(seat: Seat, me: str, now: float, pace: Pace) -> float:
    """Seconds since which nobody else sits there; negative while somebody may."""
    is_free = seat.holder in ("", me)
    return now - seat.seen_at - (0 if is_free else pace.lease)


def share(total: int, replicas: int, ordinals: Iterable[int], key: str = "") -> int:
    """How much of a limit the seats have. All seats' shares are the limit; `key` says where those
    begin that are one larger, so that small limits do not all come to one seat."""
    each, more = divmod(total, replicas)
    first = crc32(key.encode()) if key else 0
    return sum(each + ((one + first) % replicas < more) for one in ordinals)


def system_id(base: str, ordinal: int) -> str:
    """The first seat has the installation's own, which a single manager has as well."""
    if ordinal == 0:
        return base
    return f"{base[:2]}{hashlib.sha256(f'{base}/{ordinal}'.encode()).hexdigest()[:12]}"


def selector(installation: str) -> str:
    return f"{SEATS}={names.label_value(installation)}"


def taken(seat: Seat, me: str, time: str, pace: Pace) -> Manifest:
    """The patch that writes oneself down; it counts only if nobody has written meanwhile."""
    spec: Manifest = {
        "holderIdentity": me,
        "leaseDurationSeconds": max(1, int(pace.lease)),
        "renewTime": time,
    }
    if seat.holder != me:
        spec |= {"acquireTime": time, "leaseTransitions": seat.transitions + 1}
    return _patch(seat, {"annotations": {WANTED: None}}) | {"spec": spec}


def given(seat: Seat) -> Manifest:
    return _patch(seat, {"annotations": {WANTED: None}}) | {"spec": {"holderIdentity": ""}}


def wanted(seat: Seat, me: str) -> Manifest:
    return _patch(seat, {"annotations": {WANTED: me}})


def _patch(seat: Seat, metadata: Manifest) -> Manifest:
    return {"metadata": metadata | {"resourceVersion": str(seat.version)}}
