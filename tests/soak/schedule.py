"""Which jobs a soak runs and what goes wrong meanwhile: pure, and the same for the same seed."""

from __future__ import annotations

from random import Random

import msgspec

_JOBS = (("prints", 60), ("fails", 12), ("silent", 8), ("big", 6), ("canceled", 6), ("full", 8))
_ON_PODS = ("kill-helper", "delete-pod", "delete-pod-now", "evict-pod")
_ON_GITLAB = ("gitlab-500", "gitlab-drops", "gitlab-loses-answers", "gitlab-slow", "gitlab-forgets")
_FAULTS = (("kill-manager", 3), ("api-away", 1), *((name, 2) for name in (*_ON_PODS, *_ON_GITLAB)))
_JOBS_PER_FAULT = 5
_LAST_KILL = 0.6  # so that the memory of the last manager tells of many jobs


class Deal(msgspec.Struct, frozen=True):
    """One job: `lines` before and after a pause of so many seconds, and its exit code."""

    number: int
    kind: str
    lines: int
    seconds: float
    code: int = 0


class Blow(msgspec.Struct, frozen=True):
    """What goes wrong once `at` jobs have been put into the queue. `pick`: which of the pods, of
    those that run then; `seconds`: how long it lasts."""

    at: int
    kind: str
    pick: int
    seconds: float


def deals(seed: int, count: int) -> tuple[Deal, ...]:
    dice = Random(f"{seed} jobs")
    return tuple(_deal(dice, number) for number in range(1, count + 1))


def _deal(dice: Random, number: int) -> Deal:
    kind = _choose(dice, _JOBS)
    lines, seconds = dice.randint(3, 300), round(dice.uniform(0, 4), 2)
    match kind:
        case "fails":
            return Deal(number, kind, lines, seconds, dice.randint(1, 9))
        case "full":
            return Deal(number, kind, lines, 0, 1)
        case "silent":
            return Deal(number, kind, 1, round(dice.uniform(4, 9), 2))
        case "big":
            return Deal(number, kind, dice.randint(20_000, 60_000), 0)
        case "canceled":
            return Deal(number, kind, lines, 60)
        case _:
            return Deal(number, kind, lines, seconds)


def blows(seed: int, count: int) -> tuple[Blow, ...]:
    """In the order in which they come."""
    dice = Random(f"{seed} faults")
    found = []
    for _ in range(max(3, count // _JOBS_PER_FAULT)):
        at, kind = dice.randint(2, count), _choose(dice, _FAULTS)
        if kind == "kill-manager" and at > count * _LAST_KILL:
            at = int(at * _LAST_KILL)
        found.append(Blow(at, kind, dice.randint(0, 1 << 20), round(dice.uniform(1, 7), 2)))
    return tuple(sorted(found, key=lambda blow: blow.at))


def _choose(dice: Random, table: tuple[tuple[str, int], ...]) -> str:
    names, weights = zip(*table, strict=True)
    return str(dice.choices(names, weights)[0])
