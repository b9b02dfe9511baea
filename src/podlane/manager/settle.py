"""Carry out what `core.pod.verdict` says of each job: tell, speak for it, make it, remove it.

Woken by every change of the board and by the times the verdicts name. One action at a time for a
job; each can be repeated, by this manager or another, without harm.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable

from msgspec.structs import replace

from podlane.clients.kube.kinds import POD, SECRET
from podlane.core.job.outcome import SUCCESS, FailureReason, Outcome, failed
from podlane.core.job.tell import encode_told
from podlane.core.pod import names
from podlane.core.pod.explained import explained
from podlane.core.pod.state import PodState
from podlane.core.pod.verdict import (
    GiveBack,
    Keep,
    Make,
    Remark,
    Remove,
    SpeakFor,
    Tell,
    Verdict,
    Wait,
    has_ended,
    settled,
)
from podlane.core.trace.handover import is_over, may_forget
from podlane.core.trace.reply import Word
from podlane.errors import Gone, JobRefused, ServiceError
from podlane.manager import endings, pods, records, reservation
from podlane.manager.board import Key, Line
from podlane.manager.hands import Hands, Voice, abandon, voice_of
from podlane.manager.lacking import Lacking
from podlane.manager.making import Maker
from podlane.manager.pod_events import PodEvents
from podlane.manager.runner import Runner
from podlane.manager.service_logs import ServiceLogs
from podlane.manager.sight import is_current, others, verdict_of
from podlane.manager.speak import remark, speak
from podlane.manager.warnings import warnings_of

log = logging.getLogger(__name__)
RunnerOf = Callable[[Line, str], Runner | None]


_PAUSE = 3.0
_SPEAK_SECONDS = 20.0
_BREATH_SECONDS = 10.0
_SYSTEM = FailureReason.RUNNER_SYSTEM_FAILURE


class Settler:
    """`runner_of` finds the runner of a line at a site: its own, or any one there."""

    def __init__(self, hands: Hands, runner_of: RunnerOf) -> None:
        self._hands = hands
        self._board = hands.board
        self._runner_of = runner_of
        self._due: dict[Key, float] = {}
        self._held: dict[Key, float] = {}  # until when a job in trouble is left alone
        self._maker = Maker(hands)
        self._busy: set[Key] = set()
        self._woken = self._board.watcher()
        self._service_logs = ServiceLogs()
        self._pod_events = PodEvents(hands)
        self._lacking = Lacking(hands.board)
        hands.duty.part.watch(self._look_at_all)

    def _look_at_all(self) -> None:
        for key in list(self._board.lines):
            self._board.stir(key)

    async def serve(self, tasks: asyncio.TaskGroup) -> None:
        """Look at each job when it changes and when its time has come, for ever."""
        while True:
            now = time.time()
            keys = self._board.changed | {key for key, at in self._due.items() if at <= now}
            self._board.changed.clear()
            for key in keys - self._busy:
                self._look(key, now, tasks)
            wait = min(self._due.values(), default=now + 60) - time.time()
            try:
                async with asyncio.timeout(max(0.05, wait)):
                    await self._woken.wait()
            except TimeoutError:
                continue
            finally:
                self._woken.clear()

    def _look(self, key: Key, now: float, tasks: asyncio.TaskGroup) -> None:
        self._due.pop(key, None)
        line = self._board.lines.get(key)
        if line is None:
            self._hands.voices.pop(key, None)
            self._maker.forget(key)
            self._held.pop(key, None)
            return
        if now < self._held.get(key, 0):
            self._due[key] = self._held[key]
            return
        runner = self._runner_of(line, key[0])
        if runner is None or not self._hands.duty.is_ours:
            return
        looks_in = self._lacking.look(key, line, runner, tasks)
        if line.pod is not None and not line.is_over:
            self._service_logs.look(line.pod, runner.site_of(line.record), tasks)
            self._pod_events.look(key, line, runner, tasks)
        launch = self._hands.duty.launch_seconds
        verdict = verdict_of(line, now, replace(runner.patience(), launch=launch))
        if isinstance(verdict, Wait) or (isinstance(verdict, Keep) and line.is_kept):
            self._due[key] = now + max(min(verdict.seconds, looks_in), 0.05)
            return
        self._busy.add(key)
        act = self._act(key, line, verdict, runner)
        self._hands.duty.begin(tasks, act, lambda: self._ended(key))

    def _ended(self, key: Key) -> None:
        self._busy.discard(key)
        self._board.stir(key)

    async def _act(self, key: Key, line: Line, verdict: Verdict, runner: Runner) -> None:
        try:
            match verdict:
                case Make():
                    await self._make(key, line, verdict, runner)
                case Tell() | Remark():
                    await self._inform(key, line, verdict, runner)
                case SpeakFor():
                    await self._speak(key, line, verdict, runner)
                case GiveBack(why=why):
                    await self._give_back(key, line, why, runner)
                case Keep():
                    await self._keep(line, verdict, runner)
                case Remove():
                    await self._clear(key, line, runner)
        except (ServiceError, TimeoutError) as error:
            self._held[key] = time.time() + (runner.wishes.tries.most_pause or _PAUSE)
            log.warning(
                "Could not settle a job yet",
                extra={"fields": self._fields(line, runner) | {"error": str(error)}},
            )

    async def _make(self, key: Key, line: Line, wanted: Make, runner: Runner) -> None:
        try:
            pod = await self._maker.make(key, line, wanted, runner)
        except JobRefused as refusal:
            await self._refuse(key, line, refusal, runner)
            return
        if pod is None:
            await self.withdraw(key, line, runner)
        elif pod:
            fields = self._fields(line, runner) | {"pod": pod}
            log.info("Launched the job", extra={"fields": fields})

    async def _refuse(self, key: Key, line: Line, refusal: JobRefused, runner: Runner) -> None:
        if line.is_reserved and refusal.failure_reason == "runner_system_failure":
            await self._give_back(key, line, refusal.message, runner)
            return
        outcome = failed(FailureReason(refusal.failure_reason))
        lines = (refusal.message, f"hint: {refusal.hint}")
        await self.speak_for(key, line, runner, outcome, lines)

    async def _give_back(self, key: Key, line: Line, why: str, runner: Runner) -> None:
        """Let GitLab have the job again: its objects go, and nobody confirms it any more.

        Its pod goes first, if no node has it, so that there is nothing that could confirm it. Then
        GitLab is asked, since that may have been before, and no pause lies before the record goes.
        """
        site = runner.site_of(line.record)
        voice = await self.voice(key, line, runner)
        if line.pod is not None and not await pods.delete_unplaced(site, line.pod.name):
            return  # a node has taken it meanwhile
        async with asyncio.timeout(_BREATH_SECONDS):
            if await others(line, site, self._board):
                return  # another manager has made it anew
            if voice is not None and not await reservation.is_kept(runner.jobs, voice.job, line):
                return  # confirmed meanwhile, or GitLab does not answer
            await pods.delete(site, SECRET, line.record)
        if key in self._hands.voices:
            await abandon(runner, self._hands.voices[key].uploads)
        await self.forget(key, line, runner)
        self._hands.tally.given_back[runner.key] += 1
        fields = self._fields(line, runner) | {"error": why}
        log.warning(
            "Gave the job back to GitLab: the cluster has no room", extra={"fields": fields}
        )

    async def _inform(self, key: Key, line: Line, news: Tell | Remark, runner: Runner) -> None:
        """Let a running helper know, or, in its log, the job's author."""
        if isinstance(news, Tell):
            await self._annotate(line, runner, {names.TELL: encode_told(news.told)})
            return
        line.is_remarked = True  # first: what cannot be said now need not be said later
        voice = await self.voice(key, line, runner)
        if voice is not None:
            await remark(runner.jobs, voice.job, news.lines)

    async def _annotate(self, line: Line, runner: Runner, annotations: dict[str, str]) -> None:
        assert line.pod is not None
        patch = {"metadata": {"annotations": annotations}}
        site = runner.site_of(line.record)
        try:
            await site.api.patch(POD, site.namespace, line.pod.name, patch)
        except Gone:
            return

    async def _speak(self, key: Key, line: Line, verdict: SpeakFor, runner: Runner) -> None:
        """Speak for the pod, unless another manager has made one anew. One that may still begin is
        judged again first, and its end is not insisted on: a while later it may be another."""
        site = runner.site_of(line.record)
        if await others(line, site, self._board):
            return
        if not await is_current(line, site):
            self._held[key] = time.time() + _PAUSE  # of a later hand-out, which the board will show
            return
        if has_ended(line.entry()):
            said = await self._explained(verdict, line, runner)
            await self.speak_for(key, line, runner, said.outcome, said.lines)
            return
        again = verdict_of(line, time.time(), runner.patience())
        if not isinstance(again, SpeakFor):
            return
        said = await self._explained(again, line, runner)
        async with asyncio.timeout(_SPEAK_SECONDS):
            await self.speak_for(key, line, runner, said.outcome, said.lines)

    async def _explained(self, verdict: SpeakFor, line: Line, runner: Runner) -> SpeakFor:
        wanted = runner.context.runner.kubernetes.print_pod_warning_events
        asks = verdict.is_unexplained or verdict.is_refused
        if line.pod is None or not asks or not wanted:
            return verdict
        return explained(verdict, await warnings_of(runner.site_of(line.record), line.pod))

    async def speak_for(
        self, key: Key, line: Line, runner: Runner, outcome: Outcome, lines: tuple[str, ...]
    ) -> None:
        """End the job at GitLab by our word, then remove it."""
        voice = await self.voice(key, line, runner)
        if voice is not None:
            lines = (*lines, *endings.way_to_look(line, outcome))
            if not await reservation.is_confirmed(runner.jobs, voice.job, line):
                await self.withdraw(key, line, runner)
                return
            lines = await records.mask_lines(runner.site_of(line.record), line.record.name, lines)
            said = await speak(runner.jobs, voice.job, outcome, lines, voice.failure_reasons)
            if said.word is Word.STOP and not is_over(said):
                await self.withdraw(key, line, runner)
                return
            outcome = SUCCESS if said.job_status == "success" else outcome
            await abandon(runner, voice.uploads)
            fields: dict[str, object] = {"state": outcome.state}
            if outcome.failure_reason is not None:
                fields |= {"reason": str(outcome.failure_reason), "why": " ".join(lines[:1])}
            log.info("Spoke for the job", extra={"fields": self._fields(line, runner) | fields})
            await self._hands.ended(runner, endings.usage(line, outcome))
        await self.forget(key, line, runner)

    async def withdraw(self, key: Key, line: Line, runner: Runner) -> None:
        """GitLab does not want the job, or not now: it may have taken it back, and hand it out
        again. While a pod of it can still begin the record stays, and GitLab is asked again."""
        site = runner.site_of(line.record)
        pods_left = await pods.find(site, line.record)
        alive = [pod for pod in pods_left if pod.can_begin]
        if not may_forget(has_pod=bool(alive)):
            for pod in alive:
                await pods.delete(site, POD, pod, runner.wishes.grace)
            self._held[key] = time.time() + _PAUSE
            return
        await self.forget(key, line, runner)

    async def forget(self, key: Key, line: Line, runner: Runner) -> None:
        """The job is over for GitLab: its place is free, its objects go, now or in a while."""
        line.is_spoken = True
        self._board.stir(key)
        if isinstance(settled(line.entry(), time.time()), Remove):
            await self._remove(line, runner, line.pod)
        elif line.pod is not None:  # other managers, and the next one, see that it holds no place
            await self._annotate(line, runner, {names.SPOKEN: "true"})

    async def _keep(self, line: Line, keeping: Keep, runner: Runner) -> None:
        """Leave the pod where it is; the job is over all the same."""
        await self._see_end(line, runner)
        line.is_kept = True
        fields = self._fields(line, runner) | {"seconds": round(keeping.seconds)}
        log.info("The pod of the failed job stays for a while", extra={"fields": fields})

    async def _see_end(self, line: Line, runner: Runner) -> None:
        """Take it in that GitLab has the helper's outcome."""
        word = line.pod.word if line.pod is not None else None
        if not line.is_spoken and word is not None and word.outcome is not None:
            fields = self._fields(line, runner) | endings.images(line)
            ended = {"state": word.outcome.state, "trace_bytes": word.sent}
            log.info("The job finished", extra={"fields": fields | ended})
            line.is_spoken = True
            await self._hands.ended(runner, endings.usage(line, word.outcome))
        if line.pod is not None:
            self._service_logs.end(line.pod)

    async def _clear(self, key: Key, line: Line, runner: Runner) -> None:
        """Remove a job of which its helper says that GitLab has its end, or does not want it. While
        its pod is there nobody has made another; if it is not, somebody may have."""
        site = runner.site_of(line.record)
        if line.pod is None or line.is_spoken or line.pod.is_spoken:
            await self._remove(line, runner, line.pod)
            return
        if await pods.delete(site, POD, line.pod, runner.wishes.grace):
            await self._remove(line, runner)
            return
        if await others(line, site, self._board):
            return
        voice = await self.voice(key, line, runner)
        if voice is None or await reservation.is_kept(runner.jobs, voice.job, line):
            await self._remove(line, runner)
        elif line.is_reserved is False:
            await self.speak_for(key, line, runner, failed(_SYSTEM), (records.NOTHING_SAYS_WHY,))
        else:
            self._held[key] = time.time() + _PAUSE

    async def _remove(self, line: Line, runner: Runner, pod: PodState | None = None) -> None:
        """`pod`: what of it is to be deleted yet."""
        fields = self._fields(line, runner)
        await self._see_end(line, runner)
        line.removed_at = time.time()  # first: whoever looks meanwhile need not do it too
        await pods.remove(runner.site_of(line.record), line.record, pod, runner.wishes.grace)
        log.info("Removed the job", extra={"fields": fields})

    async def voice(self, key: Key, line: Line, runner: Runner) -> Voice | None:
        """The way to speak for a job: kept from its launch, else read from its record."""
        if key not in self._hands.voices:
            site = runner.site_of(line.record)
            try:
                found = await site.api.get(SECRET, site.namespace, line.record.name)
            except Gone:
                return None
            self._hands.voices[key] = voice_of(found, runner)
        return self._hands.voices[key]

    def _fields(self, line: Line, runner: Runner) -> dict[str, object]:
        record, pod = line.record, line.pod.name if line.pod is not None else ""
        fields = {"job": record.job_id, "project": record.project_id, "runner": runner.log_name}
        return fields | {"pod": pod, "duration_s": round(time.time() - record.created_at, 1)}
