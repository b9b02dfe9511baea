"""Makes a pod that is missing, or the next attempt of one, from the manifest in its record.

Whether it may be made says GitLab (`core.trace.handover`): what has begun is never made again.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable

from podlane.clients.kube.kinds import POD, SECRET
from podlane.core.pod import pulls
from podlane.core.pod.verdict import Make
from podlane.core.trace.handover import Missing
from podlane.errors import Unavailable
from podlane.manager import pods, records, reservation
from podlane.manager.backoff import delays
from podlane.manager.board import Key, Line
from podlane.manager.hands import Hands, voice_of
from podlane.manager.refusal import refusal_of
from podlane.manager.runner import Runner
from podlane.manager.sight import look_for, others, verdict_of
from podlane.manager.site import Site
from podlane.manager.speak import remark


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
        if wanted.attempt == 0:
            if not await self._may_make(key, line, found, runner):
                return None
        elif last is not None and not wanted.overlaps:
            await pods.delete(site, POD, last, runner.wishes.grace)
        first, failed_pulls = records.read_pod(found), wanted.pulls_failed
        manifest = pulls.attempt_of(first, record.name, wanted.attempt, failed_pulls)
        own = await records.bearer_token(site, found)
        async with runner.maker(record.namespace, own) as maker:
            pod = await self._make_pod(manifest, key, line, runner, maker)
        if last is not None:  # it is the job's pod now, and the last one goes
            await look_for(pod, site, self._board)
            await pods.delete(site, POD, last, runner.wishes.grace)
        await remark(runner.jobs, voice.job, wanted.lines)
        return pod

    async def _may_make(self, key: Key, line: Line, record: pods.Manifest, runner: Runner) -> bool:
        """Whether the missing pod is still wanted; what stands against it is raised."""
        job = self._hands.voices[key].job
        missing = await reservation.of_missing(runner.jobs, job, line, self._hands.offers)
        if missing is Missing.OVER:
            return False
        await records.check_makeable(runner.site_of(line.record), record, missing)
        await self._patiently(self._slot(line), key, line, runner)
        return True

    async def _slot(self, line: Line) -> str:
        """Unavailable while another job holds the record's slot: its launcher was killed in a
        race with another manager, and what the record holds is written for that slot."""
        if self._hands.slots.is_taken(line):
            raise Unavailable("another job holds its slot", service="kubernetes", status=409)
        return ""

    async def _make_pod(
        self, manifest: pods.Manifest, key: Key, line: Line, runner: Runner, site: Site
    ) -> str:
        """Create the pod. The next attempt is waited for, and its maker puts it on the board at
        once: what is left of the last one there would be taken for the loss of the job."""
        last = line.pod  # of the next attempt
        for delay in delays(0.5, runner.wishes.tries.most_pause or 5):
            making = pods.make_pod(site, manifest, line.record, runner.wishes)
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
