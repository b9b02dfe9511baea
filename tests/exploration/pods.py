"""What pods do: nodes, kubelets and helpers, one small step each."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from exploration import gitlab
from exploration.rules import Rules
from exploration.world import (
    ACCEPTED,
    ASK,
    BAD_IMAGE,
    DEFERRED,
    ENDED,
    FAILED,
    FINAL,
    FIRST_BYTE,
    GONE,
    MEET,
    NO_IMAGE,
    PLACE,
    PLACED,
    RUNS,
    SCRIPT,
    SUCCESS,
    UNPLACED,
    WAITS,
    Pod,
    World,
)
from podlane.core.trace.reply import Reply, Word

Step = tuple[str, World]
Call = Callable[[World], tuple[World, Reply]]


def steps(world: World, rules: Rules, *, has_choice: bool) -> Iterator[Step]:
    for pod in world.pods:
        yield from _cluster(world, pod, rules, has_choice=has_choice)
        if PLACE <= pod.step < ENDED:
            yield from _helper(world, pod, rules)
            if world.crashes:
                killed = pod._replace(step=ENDED)
                yield "the helper is killed", _crash(world.with_pod(killed))


def _crash(world: World) -> World:
    return world._replace(crashes=world.crashes - 1)


def _cluster(  # noqa: C901 - a list of what may happen
    world: World, pod: Pod, rules: Rules, *, has_choice: bool
) -> Iterator[Step]:
    """Scheduler, kubelet, and people with kubectl."""
    if pod.step == UNPLACED and not pod.is_deleting:
        yield "a node takes the pod", world.with_pod(pod._replace(step=PLACED))
    if pod.step in (PLACED, BAD_IMAGE):  # a deletion is not heard during a pull
        yield "the helper starts", world.with_pod(pod._replace(step=PLACE))
        if pod.is_deleting:  # TERM may come before it can hear it
            heard = pod._replace(step=PLACE, hears_term=True)
            yield "the helper starts, and is told to end", world.with_pod(heard)
    if has_choice and pod.attempt == 0 and pod.step == PLACED:
        yield "the helper's image fails", world.with_pod(pod._replace(step=BAD_IMAGE))
    if pod.build == WAITS and pod.step >= PLACE and not pod.is_deleting:
        yield "the build container starts", world.with_pod(pod._replace(build=RUNS))
        if has_choice and pod.attempt == 0:
            yield "the build's image fails", world.with_pod(pod._replace(build=NO_IMAGE))
    if pod.build == RUNS and world.crashes and pod.step < FINAL:
        yield "the build container dies", _crash(world.with_pod(pod._replace(build=GONE)))
    if world.crashes and not pod.is_deleting:
        yield "somebody deletes the pod", _crash(world.with_pod(pod.deleted()))
    if world.crashes:
        yield "somebody removes the pod by force", _crash(_without(world, pod, is_shown=False))
    if pod.is_deleting:
        is_over = pod.step < PLACE or pod.step == ENDED
        yield ("the pod is gone" if is_over else "its grace is over"), _without(world, pod)


def _without(world: World, pod: Pod, *, is_shown: bool = True) -> World:
    """The pod is no more. Watches show its last state, unless it was removed by force."""
    last = pod._replace(step=ENDED if pod.step >= PLACE else pod.step)
    world = world._replace(pods=tuple(one for one in world.pods if one.uid != pod.uid))
    for index, manager in enumerate(world.managers):
        line = manager.line
        if line is not None and line.pod is not None and line.pod.uid == pod.uid:
            seen = last.seen if is_shown else pod.seen
            world = world.with_manager(
                index, manager._replace(line=line._replace(pod=seen, is_gone=True))
            )
    return world


def _calls(world: World, pod: Pod, call: Call) -> Iterator[tuple[World, Reply]]:
    """A helper's call: heard, or lost on the way there, or its answer lost on the way back."""
    yield call(world)
    if world.losses:
        fewer = world._replace(losses=world.losses - 1)
        yield fewer, gitlab.LOST
        yield call(fewer)[0], gitlab.LOST


def _helper(  # noqa: C901, PLR0912 - its steps, one after the other
    world: World, pod: Pod, rules: Rules
) -> Iterator[Step]:
    def to(there: World, **change: Any) -> World:
        return there.with_pod(pod._replace(**change))

    if pod.hears_term and pod.step < SCRIPT and rules.heeds_term:
        yield "the helper was told to end", to(world, step=FINAL, word=FAILED)
        return
    after: dict[str, Any]
    match pod.step:
        case n if n == PLACE:
            for there, reply in _calls(world, pod, gitlab.running):
                after = {Word.DONE: {"step": FIRST_BYTE}, Word.STOP: _OVER}.get(reply.word, {})
                yield f"helper: PUT running, {reply.word.value}", to(there, **after)
        case n if n == FIRST_BYTE:
            if not rules.asks_for_first_byte:
                yield "the helper goes on", to(world, step=MEET)
                return
            for there, reply in _calls(
                world, pod, lambda one: gitlab.append(one, 1 << pod.attempt)
            ):
                after = {Word.DONE: {"step": MEET}, Word.STOP: _OVER}.get(reply.word, {})
                yield f"helper: PATCH, {reply.word.value}", to(there, **after)
        case n if n == MEET:
            if pod.build == RUNS:
                yield "the build container says hello", to(world, step=ASK)
            if pod.is_told:
                yield "the helper defers", to(world, step=ENDED, word=DEFERRED)
            yield "no hello in time", to(world, step=FINAL, word=FAILED)
        case n if n == ASK:
            yield from _ask(world, pod, rules)
        case n if n == SCRIPT:
            yield "the script ends", to(world, step=FINAL, word=SUCCESS)
            if pod.build == GONE:
                yield "the build container is lost", to(world, step=ENDED, word=DEFERRED)
        case n if n == FINAL:
            for there, reply in _calls(world, pod, lambda one: gitlab.final(one, pod.word)):
                accepted: dict[str, Any] = _OVER if rules.is_accepted(reply) else {}
                yield f"helper: PUT {pod.word}, {reply.word.value}", to(there, **accepted)


_OVER: dict[str, Any] = {"step": ENDED, "word": ACCEPTED}


def _ask(world: World, pod: Pod, rules: Rules) -> Iterator[Step]:
    begun = pod._replace(step=SCRIPT)
    if pod.build == GONE:
        yield "the build container is lost", world.with_pod(pod._replace(step=ENDED, word=DEFERRED))
        return
    if not rules.asks_before_script:
        yield "the script begins unasked", world.with_pod(begun)._replace(runs=world.runs + 1)
        return
    for there, reply in _calls(world, pod, gitlab.running):
        if rules.may_run(reply):
            yield "the script begins", there.with_pod(begun)._replace(runs=world.runs + 1)
        elif reply.word is Word.STOP:
            yield (
                "the script is not wanted",
                there.with_pod(pod._replace(step=ENDED, word=ACCEPTED)),
            )
        else:
            yield "no answer to the question", there
