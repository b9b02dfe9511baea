"""Makes the objects of one job, in the order in which nothing can be lost: the namespace where it
has its own, the record, then the word to GitLab (unless it waits for that), then the pod."""

from __future__ import annotations

import asyncio
import logging
import time
from functools import partial
from typing import Any, NamedTuple

from podlane.clients.gitlab.calls import JobAccess
from podlane.clients.kube.kinds import SECRET
from podlane.core.job.payload import Job
from podlane.core.pod.manifests import Manifests
from podlane.core.pod.state import RawRecord, RecordState, parse_record
from podlane.core.text import token
from podlane.errors import JobRefused, Unavailable
from podlane.manager import namespaces, pods, records, reservation
from podlane.manager.backoff import delays
from podlane.manager.board import Key
from podlane.manager.hands import Hands, SlotLost, Voice, job_fields
from podlane.manager.refusal import refusal_of
from podlane.manager.refuse import refuse
from podlane.manager.runner import Runner
from podlane.manager.site import Site

log = logging.getLogger(__name__)
_LONGEST_PAUSE = 10.0
_ACCOUNT_PAUSES = (0.1, 0.2, 0.4, 0.8)  # until a new namespace has its service account


class _Made(NamedTuple):
    """The record that is there, and where."""

    site: Site
    record: RecordState


async def make(
    job: Job, manifests: Manifests, access: JobAccess, runner: Runner, hands: Hands
) -> str | None:
    """Make the objects; the pod's name, "" when settle has to go on, None when the job is over, no
    longer wanted, or launched already. JobRefused: there is no record of it."""
    async with runner.maker(manifests.namespace, manifests.bearer_token) as site:
        try:
            record = await _make_record(job, manifests, runner, site, hands)
        finally:
            hands.board.note_room(_key(site, manifests), runner.key)
        if record is None:
            return None
        state = parse_record(token.convert(record, RawRecord))
        key = (site.name, state.name)
        hands.voices[key] = Voice(
            access, job.features.failure_reasons, records.read_uploads(manifests.record)
        )
        hands.board.put_record(site.name, state)
        hands.board.lines[key].is_launching = True

        try:
            return await _make_rest(manifests, access, runner, hands, _Made(site, state))
        except JobRefused as refusal:
            await refuse(job, access, runner, refusal, hands)
            await pods.remove(site, state, None, runner.wishes.grace)
            return None
        finally:
            line = hands.board.lines.get(key)
            if line is not None:
                line.is_launching = False
                hands.board.stir(key)


async def _make_rest(
    manifests: Manifests, access: JobAccess, runner: Runner, hands: Hands, made: _Made
) -> str | None:
    """What comes after the record. JobRefused: the record is still there."""
    site, state, key = made.site, made.record, (made.site.name, made.record.name)
    try:
        if not await hands.slots.is_certain(key):
            await _give_up(site, state, hands)
            raise SlotLost
        await pods.make_extras(site, manifests.extra, state, runner.wishes.tries)
        claimed = await reservation.claim(runner.jobs, access, hands.offers)
        keep = partial(reservation.keep, runner.jobs, access, hands.offers)
        if claimed == "unwanted" or not await hands.turns.wait(key, keep):
            await pods.remove(site, state, None, runner.wishes.grace)
            return None
        hands.board.lines[key].is_reserved = claimed == "reserved"
        return await _make_pod(manifests.pod, runner, site, state)
    except (Unavailable, TimeoutError) as error:  # settle goes on from the record
        why = str(error) or "the cluster does not show the record"
        hands.board.note_room(key, runner.key, why)
        if isinstance(error, Unavailable) and runner.wishes.tries.is_over(why, 1, 0):
            raise refusal_of(error) from error
        log.warning("The launch is not finished", extra={"fields": {"error": why}})
        return ""


async def _make_pod(
    manifest: dict[str, Any], runner: Runner, site: Site, record: RecordState
) -> str:
    for pause in _ACCOUNT_PAUSES if record.has_own_namespace else ():
        try:
            return await pods.make_pod(site, manifest, record, runner.wishes)
        except Unavailable:
            await asyncio.sleep(pause)
    return await pods.make_pod(site, manifest, record, runner.wishes)


async def _give_up(site: Site, record: RecordState, hands: Hands) -> None:
    """Take a record away of which GitLab has not heard. Its namespace stays for the next one."""
    key: Key = (site.name, record.name)
    await pods.delete(site, SECRET, record)
    hands.board.drop_record(*key)
    hands.voices.pop(key, None)


def _key(site: Site, manifests: Manifests) -> Key:
    return site.name, manifests.record["metadata"]["name"]


async def _make_record(
    job: Job, manifests: Manifests, runner: Runner, site: Site, hands: Hands
) -> dict[str, object] | None:
    """Create the job's Secret, patiently; None when this very job is launched already.

    A namespace that was made for it goes again where no record will be.
    """
    tries, started, is_said, has_namespace = runner.wishes.tries, time.monotonic(), False, False
    for number, delay in enumerate(delays(0.5, tries.most_pause or _LONGEST_PAUSE), 1):
        try:
            await runner.views.go(site.namespace, runner.reach)
            if manifests.own_namespace is not None:
                await namespaces.make(site, manifests.own_namespace, tries)
                has_namespace = True
            return await records.make_record(site, manifests.record, job.token, tries)
        except (Unavailable, JobRefused) as problem:
            waited = time.monotonic() - started
            refusal = _refusal(problem, is_over=tries.is_over(problem.message, number, waited))
            if refusal is not None and has_namespace:
                await namespaces.remove(site)
            if refusal is not None:
                raise refusal from problem
            hands.board.note_room(_key(site, manifests), runner.key, problem.message)
            if not is_said:
                is_said = True
                fields = job_fields(runner, job) | {"error": problem.message}
                log.warning(
                    "Cannot make the job's Secret yet, trying again", extra={"fields": fields}
                )
        await asyncio.sleep(delay)
    raise AssertionError("delays end never")


def _refusal(problem: Unavailable | JobRefused, *, is_over: bool) -> JobRefused | None:
    """The end of it, if this is the end."""
    if isinstance(problem, JobRefused):
        return problem
    return refusal_of(problem) if is_over else None
