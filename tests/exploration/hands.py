"""A manager's hands: its calls to GitLab, what the watch shows it, and how it launches a job."""

from __future__ import annotations

from collections.abc import Iterator

from exploration import gitlab
from exploration.pods import Call, Step
from exploration.rules import Rules
from exploration.world import FAILED, QUEUED, RESERVED, Line, Pod, World
from podlane.core.trace.reply import Reply, Word


class Hands:
    def __init__(
        self, world: World, index: int, rules: Rules, has_choice: bool, is_refused: bool
    ) -> None:
        self.world, self.index, self.rules = world, index, rules
        self.me = world.managers[index]
        self.has_choice, self.is_refused = has_choice, is_refused

    def be(self, there: World, **change: object) -> World:
        return there.with_manager(self.index, self.me._replace(**change))  # type: ignore[arg-type]

    def _calls(self, call: Call, world: World | None = None) -> Iterator[tuple[World, Reply]]:
        world = self.world if world is None else world
        yield call(world)
        if world.losses:
            fewer = world._replace(losses=world.losses - 1)
            yield fewer, gitlab.LOST
            yield call(fewer)[0], gitlab.LOST

    def _look(self) -> Iterator[Step]:
        """The watch shows how things are now."""
        line = self._line_now()
        if line != self.me.line:
            yield "sees", self.be(self.world, line=line)

    def _line_now(self) -> Line | None:
        if not self.world.record:
            return None
        line = self.me.line
        if line is None or line.record != self.world.record:
            line = Line(self.world.record)
        mine = [pod for pod in self.world.pods if pod.owner == self.world.record]
        newest = max(mine, key=lambda pod: pod.attempt, default=None)
        if newest is not None and (line.pod is None or newest.attempt >= line.pod.attempt):
            return line._replace(pod=newest.seen, is_gone=False)
        return line._replace(is_gone=line.pod is not None)

    # launch: record, pod

    def _launch(self) -> Iterator[Step]:
        world = self.world
        match self.me.launch:
            case ():
                if world.job == QUEUED and world.hand_outs:
                    there = world._replace(job=RESERVED, hand_outs=world.hand_outs - 1)
                    yield "is handed the job", self.be(there, launch=("record",))
                    if world.losses:
                        yield "does not hear of the job", there._replace(losses=world.losses - 1)
            case ("record",):
                if world.record:  # of this very hand-out, by its token
                    yield "finds it launched", self.be(world, launch=())
                    return
                record = world.fresh_uid()
                line = Line(record, is_reserved=True)
                yield (
                    "makes the record",
                    self.be(world._replace(record=record), line=line, launch=("pod",)),
                )
            case ("pod",):
                yield from self._launch_pod()
            case ("refuse", step):
                yield from self._refuse(step)

    def _launch_pod(self) -> Iterator[Step]:
        if self.me.line is None:  # the record was removed under it
            yield "loses the record", self.be(self.world, launch=())
        elif self.is_refused:
            after = "running" if self.rules.speaks_before_removing else "remove-first"
            yield "is refused the pod", self.be(self.world, launch=("refuse", after))
        else:
            yield "makes the pod", self.be(with_new(self.world, self.me.line.record, 0), launch=())

    def _refuse(self, step: str) -> Iterator[Step]:
        after: dict[str, str] = {"running": "final", "remove-first": "running", "final": "remove"}
        to = ("refuse", after.get(step, ""))
        if step == "running":
            for there, reply in self._calls(gitlab.running):
                stopped = reply.word is Word.STOP
                launch = self.me.launch if reply.word is Word.AGAIN else to
                yield (
                    f"PUT running, {reply.word.value}",
                    self.be(there, launch=("refuse", "remove") if stopped else launch),
                )
        elif step == "final":
            for there, reply in self._calls(lambda one: gitlab.final(one, FAILED)):
                launch = to if self.rules.is_said(reply) else self.me.launch
                yield f"PUT failed, {reply.word.value}", self.be(there, launch=launch)
        else:
            record = self.me.line.record if self.me.line is not None else 0
            there = self._removed(self.world, record) if record else self.world
            done = step == "remove"
            yield "removes the record", self.be(there, launch=() if done else to)

    def _removed(self, there: World, record: int) -> World:
        """The record is gone, and its pods are told to end in the same moment."""
        if there.record != record and self.rules.deletes_by_uid:
            return there
        pods = tuple(one.deleted() if one.owner == there.record else one for one in there.pods)
        return there._replace(record=0, attempt=0, mark=0, pods=pods)


def with_new(world: World, record: int, attempt: int) -> World:
    """With a pod of this record; one of its name that is there already is taken for it. A pod whose
    owner is gone is deleted before it starts."""
    if record != world.record or any(pod.attempt == attempt for pod in world.pods):
        return world
    return world._replace(pods=(*world.pods, Pod(world.fresh_uid(), record, attempt)))
