"""Makes a pod that is missing, or the next attempt of one, from the manifest in its record.

Whether it may be made says GitLab (`core.trace.handover`): what has begun is never made again.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable
from typing import NamedTuple

from podlane.clients.kube.kinds import POD, SECRET
from podlane.core.pod import claimed as claimed_attempts
from podlane.core.pod import pulls
from podlane.core.pod.claimed import Claimed
from podlane.core.pod.state import PodState, RecordState
from podlane.core.pod.verdict import Make
from podlane.core.trace.handover import Missing, of_missing_pod
from podlane.errors import Gone, ServiceError, Unavailable
from podlane.manager import pods, records, reservation
from podlane.manager.backoff import delays
from podlane.manager.board import Key, Line
from podlane.manager.hands import Hands, voice_of
from podlane.manager.refusal import refusal_of
from podlane.manager.runner import Runner
from podlane.manager.sight import look_for, others, verdict_of
from podlane.manager.site import Site
from podlane.manager.speak import once, remark

_GONE_LOOKS = 40
_GONE_PAUSE = 0.5


class _Order(NamedTuple):
    """The record as the cluster has it, the attempt, who makes its pod, and the last one."""

    record: pods.Manifest
    claimed: Claimed
    maker: Site
    last: PodState | None


class Maker:
    def __init__(self, hands: Hands) -> None:
        self._hands = hands
        self._board = hands.board
        self._tries: dict[Key, int] = {}

    def forget(self, key: Key) -> None:
        self._tries.pop(key, None)

    async def make(self, key: Key, line: Line, wanted: Make, runner: Runner) -> str | None:
        """Make the pod that the record has not, or the next attempt in place of the last; its name,
        "" when another one is there or need not be, None when GitLab does not want the job.

        JobRefused: it will never be there. Unavailable: later, perhaps.
        """
        site, record, last = runner.site_of(line.record), line.record, line.pod
        if await others(line, site, self._board):
            return ""
        if not isinstance(verdict_of(line, time.time(), runner.patience()), Make):
            return ""  # it has begun meanwhile
        self._hands.turns.check(key)
        found = await site.api.get(SECRET, site.namespace, record.name)
        if found["metadata"]["uid"] != record.uid:
            return ""  # of a later hand-out, which the board will show
        voice = self._hands.voices[key] = voice_of(found, runner)
        own = await records.bearer_token(site, found)
        async with runner.maker(record.namespace, own) as maker:
            claimed = await self._claimed(site, record)
            if last is not None and claimed.attempt < wanted.attempt:
                if not wanted.overlaps:
                    await self._end(last, site, runner)
                before = _Order(found, claimed, maker, last)
                if not await self._may_follow(key, line, before, runner):
                    return None
                size = await remark(runner.jobs, voice.job, wanted.lines)
                claimed = Claimed(wanted.attempt, _known(size), wanted.pulls_failed)
                await self._claim(claimed, found, record, maker)
                claimed = await self._claimed(site, record)
            pod = await self._make_pod(key, line, _Order(found, claimed, maker, last), runner)
        if pod and last is not None:  # it is the job's pod now, and the last one goes
            await look_for(pod, site, self._board)
            await pods.delete(site, POD, last, runner.wishes.grace)
        return pod

    async def _end(self, last: PodState, site: Site, runner: Runner) -> None:
        """Delete an attempt and see it gone: what of it might have begun, GitLab knows then."""
        await pods.delete(site, POD, last, runner.wishes.grace)
        for _ in range(_GONE_LOOKS):
            try:
                found = await site.api.get(POD, site.namespace, last.name)
            except Gone:
                return
            if found["metadata"]["uid"] != last.uid:
                return
            await asyncio.sleep(_GONE_PAUSE)
        raise Unavailable("the last attempt's pod is not gone yet", service="kubernetes")

    async def _claimed(self, site: Site, record: RecordState) -> Claimed:
        """The newest attempt that anybody has claimed; the first one needs no claim."""
        newest = Claimed()
        while True:
            attempt = newest.attempt + 1
            name = claimed_attempts.name(record, attempt)
            try:
                found = await site.api.get(SECRET, site.namespace, name)
            except Gone:
                return newest
            newest = claimed_attempts.read(found, attempt)

    async def _may_follow(self, key: Key, line: Line, order: _Order, runner: Runner) -> bool:
        """Whether another attempt is wanted, and nothing of the last one can have begun."""
        job, before = self._hands.voices[key].job, order.claimed
        if not await reservation.is_confirmed(runner.jobs, job, line):
            return False
        size = await once(runner.jobs.trace_size(job))
        ours = {before.size} if before.attempt else {0, line.said}
        has_left = order.last is not None and order.last.has_left
        missing = of_missing_pod(size, ours, has_left=has_left)
        records.check_unbegun(missing)
        return missing is not Missing.OVER

    async def _claim(
        self, claimed: Claimed, found: pods.Manifest, record: RecordState, maker: Site
    ) -> None:
        labels = found["metadata"].get("labels", {})
        manifest = pods.owned_by(claimed_attempts.written(record, claimed, labels), record)
        try:
            await maker.create(SECRET, manifest)
        except ServiceError as error:
            if error.details != "AlreadyExists":
                raise Unavailable(
                    error.message, service="kubernetes", status=error.status
                ) from error

    async def _may_make(self, key: Key, line: Line, order: _Order, runner: Runner) -> bool:
        """Whether the missing pod is still wanted; what stands against it is raised."""
        job, claimed = self._hands.voices[key].job, order.claimed
        ours = {claimed.size} if claimed.attempt else {0, line.said}
        missing = await reservation.of_missing(runner.jobs, job, line, self._hands.offers, ours)
        if missing is Missing.OVER:
            return False
        await records.check_makeable(runner.site_of(line.record), order.record, missing)
        await self._patiently(self._slot(line), key, line, runner)
        return True

    async def _slot(self, line: Line) -> str:
        """Unavailable while another job holds the record's slot: its launcher was killed in a
        race with another manager, and what the record holds is written for that slot."""
        if self._hands.slots.is_taken(line):
            raise Unavailable("another job holds its slot", service="kubernetes", status=409)
        return ""

    async def _make_pod(self, key: Key, line: Line, order: _Order, runner: Runner) -> str | None:
        """Create the pod, right after GitLab has said that it may be; None: it is not wanted. The
        next attempt is waited for, and its maker puts it on the board at once: what is left of the
        last one there would be taken for the loss of the job."""
        last, claimed, site = order.last, order.claimed, runner.site_of(line.record)
        manifest = pulls.attempt_of(
            records.read_pod(order.record), line.record.name, claimed.attempt, claimed.pulls_failed
        )
        for delay in delays(0.5, runner.wishes.tries.most_pause or 5):
            if await others(line, site, self._board, last) or _has_another(line, last):
                return ""
            if not await self._may_make(key, line, order, runner):
                return None
            making = pods.make_pod(order.maker, manifest, line.record, runner.wishes)
            try:
                return await self._patiently(making, key, line, runner)
            except Unavailable:
                if last is None:
                    raise
                await pods.delete(site, POD, last, runner.wishes.grace)  # it may be in the way
                await asyncio.sleep(delay)
        raise AssertionError("delays end never")

    async def _patiently(self, making: Awaitable[str], key: Key, line: Line, runner: Runner) -> str:
        """Unavailable while it may be tried again, JobRefused when that is over."""
        try:
            made = await making
            if made:
                self._board.note_room(key, runner.key)
            return made
        except Unavailable as error:
            self._board.note_room(key, runner.key, error.message)
            number = self._tries[key] = self._tries.get(key, 1) + 1  # its launch was the first
            waited = time.time() - line.record.created_at
            if not runner.wishes.tries.is_over(error.message, number, waited):
                raise
            raise refusal_of(error) from error


def _known(size: int | None) -> int:
    if size is None:
        raise Unavailable("GitLab does not say how much of the trace it has", service="gitlab")
    return size


def _has_another(line: Line, last: PodState | None) -> bool:
    """Whether the board has had another pod since: what became of it is to be judged."""
    return line.pod is not None and (last is None or line.pod.uid != last.uid)
