"""What managers do: launch, look, settle, keep; both believe that the settling is theirs.

A hand of a manager holds what it does next. Each call may get lost on either way, and the manager
be killed before and after it. Requests to the cluster are not lost: the programs repeat them.
"""

from __future__ import annotations

from collections.abc import Iterator

from exploration import gitlab
from exploration.hands import Hands, with_new
from exploration.pods import Step
from exploration.rules import LATE, SOON, Rules, judged
from exploration.world import (
    DEFERRED,
    ENDED,
    FAILED,
    OVER,
    RESERVED,
    RUNNING,
    RUNS,
    SUCCESS,
    UNPLACED,
    Line,
    Manager,
    World,
)
from podlane.core.pod.verdict import GiveBack, Make, Remove, SpeakFor, Tell, Verdict
from podlane.core.trace.handover import Missing
from podlane.core.trace.reply import Reply, Word


def steps(world: World, rules: Rules, *, has_choice: bool, is_refused: bool) -> Iterator[Step]:
    if world.job == RESERVED:
        yield "GitLab takes the job back", gitlab.take_back(world)
    if world.job == RUNNING and world.cancels:
        yield "somebody cancels the job", world._replace(job=OVER, final="canceled")
    for index, manager in enumerate(world.managers):
        if not manager.is_up:
            yield f"{index} starts", world.with_manager(index, Manager())
            continue
        if world.crashes:
            fewer = world._replace(crashes=world.crashes - 1)
            yield f"{index} is killed", fewer.with_manager(index, Manager(is_up=False))
        one = _One(world, index, rules, has_choice, is_refused)
        for step, there in one.steps():
            yield f"{index} {step}", there


class _One(Hands):
    """One manager in one world, and how it settles."""

    def steps(self) -> Iterator[Step]:
        yield from self._look()
        yield from self._launch()
        if self.me.settle:
            yield from self._settle(*self.me.settle)
        elif self.me.line is not None:
            yield from self._judge(self.me.line)
        yield from self._keep()

    # settle

    def _judge(self, line: Line) -> Iterator[Step]:
        for now in (SOON, LATE):
            if now == LATE and not self._is_fresh(line):
                continue
            answer = judged(
                self.rules,
                line,
                now,
                is_launching=bool(self.me.launch),
                has_choice=self.has_choice,
            )
            task = self._task(answer, line)
            if task:
                yield from self._settle(*task)

    def _is_fresh(self, line: Line) -> bool:
        """Patience is minutes and the cluster tells within seconds, but for an image's pull."""
        if line.pod is None or line.is_gone:
            return True
        pod = self.world.pod(line.pod.uid)
        return pod is not None and pod.seen == line.pod

    def _task(self, answer: Verdict, line: Line) -> tuple[object, ...]:  # noqa: PLR0911
        uid = line.pod.uid if line.pod is not None else 0
        match answer:
            case Make(attempt=0):
                return ("find", line.record, uid)
            case Make(attempt=attempt, overlaps=overlaps):
                if not overlaps and self.rules.waits_until_gone:
                    return ("end-last", uid)
                has_left = line.pod is not None and line.pod.word == DEFERRED
                return ("exchange", line.record, attempt, uid, has_left)
            case Tell():
                return ("tell", uid)
            case SpeakFor(outcome=outcome):
                how = SUCCESS if outcome.state == "success" else FAILED
                return ("say", line.record, uid, how)
            case GiveBack():
                return ("give-back", line.record, uid)
            case Remove():
                return ("remove", line.record, uid)
        return ()

    def _settle(self, task: object, *given: object) -> Iterator[Step]:
        yield from getattr(self, "_" + str(task).replace("-", "_"))(*given)

    def _done(self, there: World) -> World:
        return self.be(there, settle=())

    def _forget(self, there: World, record: int, uid: int) -> World:
        """It is over: pod and record go, in one breath with the answer that says so."""
        pod = there.pod(uid)
        if not self.rules.deletes_by_uid:
            pod = pod or next(iter(there.pods), None)
        there = there.with_pod(pod.deleted()) if pod else there
        line = self.me.line
        spoken = line._replace(is_spoken=True) if line and line.record == record else line
        return self.be(self._removed(there, record), line=spoken, settle=())

    def _unwanted(self, there: World, record: int) -> World:
        """GitLab does not want it, or not now: it may have it in its queue, and hand it out anew.
        So pods go first, and the record once they are gone and GitLab has said so again."""
        alive = [p for p in there.pods if p.owner == record and p.step != ENDED]
        if self.rules.may_forget(has_pod=bool(alive)):
            return self._forget(there, record, 0)
        for pod in alive:
            there = there.with_pod(pod.deleted())
        return self._done(there)

    def _find(self, record: int, known: int) -> Iterator[Step]:
        """Is there a pod that the board has not? If not: what does GitLab say? One breath."""
        if any(one.launch == ("pod",) for one in self.world.managers):
            return  # a launch is given the time that it takes
        if (
            self._known() not in (0, known)
            or self._has_other(record, known)
            or self.world.record != record
        ):
            yield "finds it", self._done(self.world)
        elif self.me.line is not None and self.me.line.is_reserved is False:
            yield from self._ask_size(record)
        else:
            yield from self._ask_reserved(record)

    def _tell(self, uid: int) -> Iterator[Step]:
        pod = self.world.pod(uid)
        there = self.world.with_pod(pod._replace(is_told=True)) if pod else self.world
        yield "tells the helper", self._done(there)

    def _ask_reserved(self, record: int) -> Iterator[Step]:
        for there, reply in self._calls(gitlab.pending):
            name = f"PUT pending, {reply.word.value}"
            if reply.word is Word.STOP:
                yield name, self._unwanted(there, record)
            elif reply.word is Word.DONE:
                if self.is_refused:
                    yield name, self._reserved(there, ("say", record, 0, FAILED), is_reserved=True)
                    continue
                yield name, self._reserved(self._with_missing(there, record), (), is_reserved=True)
            elif reply.word is Word.NOT_RESERVED:
                yield name, self._reserved(there, (), is_reserved=False)
            else:
                yield name, self._done(there)

    def _reserved(self, there: World, task: tuple[object, ...], *, is_reserved: bool) -> World:
        line = self.me.line
        if line is not None:
            line = line._replace(is_reserved=is_reserved)
        return self.be(there, line=line, settle=task)

    def _ask_size(self, record: int) -> Iterator[Step]:
        for there, reply in self._calls(gitlab.size):
            missing = self.rules.of_missing_pod(reply, (self.world.mark,))
            name = f"asks for the size, {missing.value}"
            if missing is Missing.OVER:
                yield name, self._unwanted(there, record)
            elif missing is Missing.BEGUN or (missing is Missing.MAKE and self.is_refused):
                yield from self._refuse_begun(name, there, record)
            elif missing is Missing.MAKE:
                yield name, self._done(self._with_missing(there, record))
            else:
                yield name, self._done(there)

    def _refuse_begun(self, name: str, there: World, record: int) -> Iterator[Step]:
        """Speak for it, in one breath with the answer."""
        there = self.be(there, settle=())
        one = _One(there, self.index, self.rules, self.has_choice, self.is_refused)
        for step, end in one._say(record, one._known(), FAILED, begun=True):
            yield f"{name}; {step}", end

    def _known(self) -> int:
        return self.me.line.pod.uid if self.me.line is not None and self.me.line.pod else 0

    def _has_other(self, record: int, uid: int) -> bool:
        """But for what has ended of earlier attempts."""
        line = self.me.line
        known = line.pod.attempt if line is not None and line.pod is not None else 0
        return any(
            p.owner == record and p.uid != uid and (p.step != ENDED or p.attempt >= known)
            for p in self.world.pods
        )

    def _with_missing(self, there: World, record: int) -> World:
        return with_new(there, record, there.attempt)

    def _end_last(self, uid: int) -> Iterator[Step]:
        """The next one is made when this one is seen to be gone."""
        pod = self.world.pod(uid)
        there = self.world.with_pod(pod.deleted()) if pod else self.world
        yield "deletes the last attempt", self._done(there)

    def _exchange(self, record: int, attempt: int, uid: int, has_left: object) -> Iterator[Step]:
        """Claim the next attempt: who makes its mark, which holds the trace's size, is the first.
        Then its pod is made as any that is missing."""
        world = self.world
        if world.record != record or (self._has_other(record, uid) and self.rules.looks_again):
            yield "finds another attempt", self._done(world)
            return
        if world.attempt >= attempt and self.rules.claims_attempts:
            yield "finds it claimed", self.be(world, settle=("find", record, uid))
            return
        for there, reply in self._calls(gitlab.running):
            name = f"exchanges: PUT running, {reply.word.value}"
            if reply.word is Word.STOP:
                yield name, self._unwanted(there, record)
                continue
            if reply.word is not Word.DONE:
                yield name, self._done(there)
                continue
            size = gitlab.size(there)[1]
            missing = self.rules.of_missing_pod(size, (there.mark,), has_left=bool(has_left))
            if missing is Missing.BEGUN:
                yield from self._refuse_begun(f"{name}, begun", there, record)
                continue
            there = gitlab.append(there)[0]
            yield f"{name}, and no more", self._done(there)
            marked = there._replace(attempt=attempt, mark=there.trace)
            line = self.me.line._replace(is_reserved=False) if self.me.line is not None else None
            yield f"{name}, claims", self.be(marked, line=line, settle=("find", record, uid))

    def _say(self, record: int, uid: int, how: str, *, begun: bool = False) -> Iterator[Step]:
        """Look again, confirm, lines, final status: one breath."""
        line = self._line_now()
        others = self._has_other(record, uid) or self.world.record != record
        if self.rules.looks_again and others:
            yield "finds another pod", self.be(self.world, line=line, settle=())
            return
        if self.rules.looks_again and not begun and uid and not self._has_ended(self.me.line):
            is_there = line is not None and line.record == record
            if line is None or not is_there or how not in self._speaks_still(line, how):
                yield "sees that it need not say so", self.be(self.world, line=line, settle=())
                return
        is_ours = self.me.line is not None and self.me.line.is_reserved is False
        confirms = not is_ours and self.rules.confirms_before_speaking
        yield from self._speak(record, uid, how, confirms=confirms)

    def _speak(self, record: int, uid: int, how: str, *, confirms: bool) -> Iterator[Step]:

        def call(world: World) -> tuple[World, Reply]:
            world = gitlab.running(world)[0] if confirms else world
            world, reply = gitlab.append(world)
            return (world, reply) if reply.word is Word.STOP else gitlab.final(world, how)

        for there, reply in self._calls(call):
            name = f"speaks: {how}, {reply.word.value}"
            if reply.word is Word.STOP:
                yield name, self._unwanted(there, record)
            elif self.rules.is_said(reply):
                yield name, self._forget(there, record, uid)
            else:
                yield name, self._done(there)
        if confirms and self.world.losses:
            fewer = self.world._replace(losses=self.world.losses - 1)
            yield "speaks: confirms alone", self._done(gitlab.running(fewer)[0])

    def _has_ended(self, line: Line | None) -> bool:
        return line is not None and line.pod is not None and line.pod.phase == "ended"

    def _speaks_still(self, line: Line, how: str) -> set[str]:
        if line.pod is None:
            return {how}
        answers = [
            judged(self.rules, line, now, is_launching=False, has_choice=self.has_choice)
            for now in (SOON, LATE)
        ]
        outcomes = [one.outcome for one in answers if isinstance(one, SpeakFor)]
        return {SUCCESS if one.state == "success" else FAILED for one in outcomes}

    def _give_back(self, record: int, uid: int) -> Iterator[Step]:
        """The pod goes, if no node has it; then, if there is none, GitLab is asked: another may
        have confirmed the job, or made its pod."""
        pod = self.world.pod(uid)
        if pod is not None and pod.step != UNPLACED:
            yield "leaves the placed pod", self._done(self.world)
            return
        world = self.world._replace(pods=tuple(p for p in self.world.pods if p.uid != uid))
        if not self.rules.asks_before_giving_back:
            yield "gives the job back", self._forget(world, record, uid)
            return
        if self._has_other(record, uid):
            yield "finds another pod, and does not give back", self._done(world)
            return
        for there, reply in self._calls(gitlab.pending, world):
            name = f"gives the job back, {reply.word.value}"
            if reply.word in (Word.DONE, Word.STOP):
                yield name, self._forget(there, record, uid)
            elif reply.word is Word.NOT_RESERVED and self.me.line is not None:
                line = self.me.line._replace(is_reserved=False)
                yield name, self.be(there, line=line, settle=())

    def _remove(self, record: int, uid: int) -> Iterator[Step]:
        """While the pod is there nobody has made another. If it is not, somebody may have."""
        if self.world.pod(uid) is not None or not self.rules.asks_before_clearing:
            yield "removes the job", self._forget(self.world, record, uid)
            return
        if self._has_other(record, uid):
            yield "finds another pod", self._done(self.world)
            return
        for there, reply in self._calls(gitlab.pending):
            name = f"finds the pod gone: PUT pending, {reply.word.value}"
            if reply.word in (Word.DONE, Word.STOP):
                yield name, self._forget(there, record, uid)
            elif reply.word is Word.NOT_RESERVED:
                yield name, self._reserved(there, ("say", record, 0, FAILED), is_reserved=False)

    # keep

    def _keep(self) -> Iterator[Step]:
        """PUT pending until the helper is seen: only the helper itself confirms the job."""
        line = self.me.line
        if line is None or line.pod is None or line.is_gone or line.is_spoken or self.me.launch:
            return
        if line.pod.phase in (RUNS, "ended") or line.is_reserved is False:
            return
        for there, reply in self._calls(self.rules.keeps):
            name = f"keeps: PUT, {reply.word.value}"
            if reply.word is Word.STOP and not self.me.settle:
                yield name, self._unwanted(there, line.record)
            elif reply.word is Word.NOT_RESERVED:
                yield name, self.be(there, line=line._replace(is_reserved=False))
