"""Until a job's helper has been seen, the manager keeps the job alive and the author informed.

PUT every 30 seconds (GitLab hears that the job lives, we hear "cancel"): pending while GitLab keeps
the job for us, which its helper alone confirms, then running. After ten seconds a line in the trace
on what the pod waits for. During an image pull the API does not show that the helper has begun: a
416 on one of our own lines does, and we fall silent.
Of several managers the one that settles keeps jobs alive; the one that has launched a job writes
its lines.
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from functools import partial

from podlane.clients.gitlab.calls import Update
from podlane.core.job.outcome import FailureReason, failed
from podlane.core.pod import waiting
from podlane.core.trace.reply import Word
from podlane.errors import ServiceError
from podlane.manager import records, reservation
from podlane.manager.board import Key, Line
from podlane.manager.hands import Hands
from podlane.manager.runner import Runner
from podlane.manager.settle import RunnerOf, Settler
from podlane.manager.speak import once

_TOUCH_SECONDS = 30.0
_SAY_SECONDS = 10.0
_PLACED_SECONDS = 10.0  # has its helper confirmed it? Then its log takes lines


@dataclass
class Watch:
    """What we did for one waiting job. `offset` None: we write no more."""

    touched_at: float
    said: str = ""
    offset: int | None = 0


class Keeper:
    def __init__(self, hands: Hands, settler: Settler, runner_of: RunnerOf) -> None:
        self._hands = hands
        self._settler = settler
        self._runner_of = runner_of
        self._watches: dict[Key, Watch] = {}
        self._busy: set[Key] = set()
        self._stirred = hands.board.watcher()

    async def serve(self, tasks: asyncio.TaskGroup) -> None:
        """Attend to each waiting job once a second, for ever; sleep while there is none."""
        while True:
            waiting_keys = {key for key, line in self._lines() if _is_waiting(line)}
            for key in [key for key in self._watches if key not in waiting_keys]:
                del self._watches[key]
            for key in waiting_keys - self._busy:
                if self._hands.duty.is_ours or key in self._hands.voices:
                    self._busy.add(key)
                    end = partial(self._busy.discard, key)
                    self._hands.duty.begin(tasks, self._attend(key), end)
            self._stirred.clear()
            if waiting_keys:
                await asyncio.sleep(1)
            else:
                await self._stirred.wait()
                await asyncio.sleep(1)  # most jobs have been seen by then

    def _lines(self) -> list[tuple[Key, Line]]:
        return list(self._hands.board.lines.items())

    async def _attend(self, key: Key) -> None:
        try:
            line = self._hands.board.lines.get(key)
            runner = self._runner_of(line, key[0]) if line is not None else None
            if line is not None and runner is not None:
                await self._attend_to(key, line, runner)
        except ServiceError:
            return  # heard of elsewhere; a second later is soon enough

    async def _attend_to(self, key: Key, line: Line, runner: Runner) -> None:
        now = time.time()
        watch = self._watches.get(key)
        if watch is None:
            known = key in self._hands.voices  # launched by us: nobody has written yet
            watch = Watch(line.record.created_at, offset=0 if known else None)
            self._watches[key] = watch
        if now >= line.record.created_at + _SAY_SECONDS:
            await self._say(key, line, runner, watch)
        seconds = _PLACED_SECONDS if line.is_reserved and _is_placed(line) else _TOUCH_SECONDS
        if self._hands.duty.is_ours and now >= watch.touched_at + seconds:
            watch.touched_at = now
            await self._touch(key, line, runner)

    async def _touch(self, key: Key, line: Line, runner: Runner) -> None:
        """A job that GitLab keeps is confirmed by its helper and nobody else: what we confirm,
        another manager may have given back. What its answer tells is whether that has been."""
        voice = await self._settler.voice(key, line, runner)
        if voice is None:
            return
        if line.is_reserved is not False:
            kept = await reservation.keep(runner.jobs, voice.job, self._hands.offers)
            line.is_reserved = line.is_reserved if kept is None else kept == "reserved"
            if kept == "unwanted":
                await self._settler.withdraw(key, line, runner)
            return
        reply = await once(runner.jobs.update(voice.job, Update("running")))
        if reply.word is Word.STOP:
            await self._settler.withdraw(key, line, runner)
        elif reply.is_canceling:
            outcome = failed(FailureReason.UNKNOWN_FAILURE)
            await self._settler.speak_for(key, line, runner, outcome, ("canceled",))

    async def _say(self, key: Key, line: Line, runner: Runner, watch: Watch) -> None:
        if line.pod is not None and line.pod.wants_events:
            return  # `manager.pod_events` says more
        if line.is_reserved:
            return  # GitLab takes no trace of a job that is not confirmed
        if line.pod is None:
            return  # the size of the trace tells whether a missing pod may be made: leave it 0
        if not runner.context.runner.kubernetes.print_pod_warning_events:
            return
        text = waiting.sentence(line.pod)
        voice = self._hands.voices.get(key)
        if voice is None or watch.offset is None or text in ("", watch.said):
            return
        watch.said = text
        (text,) = await records.mask_lines(runner.site_of(line.record), line.record.name, (text,))
        data = f"\x1b[0;33m{text}\x1b[0;m\n".encode()
        reply = await once(runner.jobs.append_trace(voice.job, watch.offset, data))
        if reply.word is Word.DONE:
            watch.offset += len(data)
            line.said = watch.offset
        elif reply.word is not Word.AGAIN:
            watch.offset = None


def _is_placed(line: Line) -> bool:
    return line.pod is not None and bool(line.pod.node)


def _is_waiting(line: Line) -> bool:
    if line.is_over or line.is_launching or line.pod_is_gone:
        return False
    return line.pod is None or not line.pod.has_begun
