"""Looks at every state that the world can get into, and whether each can still end well."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterator

from msgspec import Struct

from exploration import managers, pods
from exploration.pods import Step
from exploration.rules import Rules
from exploration.world import FAILED, OVER, QUEUED, SCRIPT, SUCCESS, Manager, World


class Setting(Struct, frozen=True):
    """`has_choice`: images may fail, and there is another pull policy. `is_refused`: the API takes
    no pod of the job."""

    crashes: int = 1
    losses: int = 1
    managers: int = 2
    hand_outs: int = 1
    has_choice: bool = False
    is_refused: bool = False
    cancels: bool = False


class Found(Struct, frozen=True):
    """`fault`: what is not as it must be, and `way`: the steps that lead there; "" and none."""

    states: int
    seconds: float
    fault: str = ""
    way: tuple[str, ...] = ()


def explore(setting: Setting, rules: Rules | None = None) -> Found:
    """Breadth first, so that the way to a fault is a shortest one."""
    rules, started = rules or Rules(), time.monotonic()
    first = World(
        managers=(Manager(),) * setting.managers,
        hand_outs=setting.hand_outs,
        crashes=setting.crashes,
        losses=setting.losses,
        cancels=setting.cancels,
    )
    seen: dict[World, int] = {first: 0}
    came: list[tuple[int, str]] = [(0, "")]
    before: list[list[int]] = [[]]
    good: list[int] = []
    queue = deque([first])
    while queue:
        world = queue.popleft()
        number = seen[world]
        if _is_good(world):
            good.append(number)
        for step, there in _steps(world, setting, rules):
            if fault := _fault(world, step, there):
                way = (*_way(came, number), step)
                return Found(len(seen), time.monotonic() - started, fault, way)
            there = _sorted(there)
            known = seen.get(there)
            if known is None:
                known = seen[there] = len(came)
                came.append((number, step))
                before.append([])
                queue.append(there)
            before[known].append(number)
    stuck = _stuck(before, good)
    fault = "from here on the job can no longer end well" if stuck is not None else ""
    way = _way(came, stuck) if stuck is not None else ()
    return Found(len(seen), time.monotonic() - started, fault, way)


def _steps(world: World, setting: Setting, rules: Rules) -> Iterator[Step]:
    yield from pods.steps(world, rules, has_choice=setting.has_choice)
    yield from managers.steps(
        world, rules, has_choice=setting.has_choice, is_refused=setting.is_refused
    )


def _is_good(world: World) -> bool:
    """GitLab has the end of the job, or the job again."""
    return world.job in (OVER, QUEUED)


def _fault(world: World, step: str, there: World) -> str:
    """The invariants that a step can break (docs/handover.md)."""
    if there.runs > 1:
        return "a script runs twice"
    if there.runs > world.runs and world.job != "running":
        return "a script begins that GitLab does not want"
    if "speaks" in step and there.final and not world.final:
        if any(pod.step == SCRIPT and not pod.is_deleting for pod in world.pods):
            return "a manager ends a job whose script runs"
        line = world.managers[int(step[0])].line
        word = line.pod.word if line is not None and line.pod is not None else ""
        if word in (SUCCESS, FAILED) and word != there.final:
            return "a manager contradicts what the helper has decided"
    return ""


def _sorted(world: World) -> World:
    """Once GitLab has the end, managers change nothing but what is left over. And both are alike:
    which is which does not matter."""
    if world.job == OVER:
        return world._replace(record=0, managers=(), crashes=0, losses=0)
    return world._replace(managers=tuple(sorted(world.managers, key=hash)))


def _way(came: list[tuple[int, str]], number: int) -> tuple[str, ...]:
    steps = []
    while number:
        number, step = came[number]
        steps.append(step)
    return tuple(reversed(steps))


def _stuck(before: list[list[int]], good: list[int]) -> int | None:
    """The first state from which no good end can be reached."""
    is_fine = bytearray(len(before))
    queue = deque(good)
    for number in good:
        is_fine[number] = 1
    while queue:
        for number in before[queue.popleft()]:
            if not is_fine[number]:
                is_fine[number] = 1
                queue.append(number)
    return next((number for number, fine in enumerate(is_fine) if not fine), None)
