"""One job from GitLab's answer to its pod: record, then the word to GitLab, then the pod.

Before the record (the Secret) exists nothing is acknowledged, so a kill at any moment loses
nothing: GitLab takes the job back. Once it exists, every later step can be done by any manager
(`manager.settle` makes a missing pod from the manifest in the record). A job that cannot run as
it was asked for is acknowledged first, else its `failed` is answered 400, then refused.
"""

from __future__ import annotations

import asyncio
import logging
import time
from dataclasses import dataclass, field

import msgspec

from podlane.clients.gitlab.calls import JobAccess, Update
from podlane.clients.kube.kinds import SECRET
from podlane.core.job.outcome import FailureReason, Outcome, failed
from podlane.core.job.payload import Job, parse_job
from podlane.core.plan import objects
from podlane.core.plan.context import RunnerContext
from podlane.core.plan.make import make_plan
from podlane.core.plan.resolve import Ground, resolve, with_inputs
from podlane.core.plan.store import Shelf
from podlane.core.plan.trace import mask_for
from podlane.core.pod.manifests import Manifests, build_manifests
from podlane.core.pod.state import RawRecord, parse_record
from podlane.core.text import token
from podlane.core.text.token import Token
from podlane.core.trace.reply import Word
from podlane.errors import JobRefused, ServiceError, Unavailable
from podlane.manager import pods
from podlane.manager.backoff import delays
from podlane.manager.board import Board, Key
from podlane.manager.runner import Runner
from podlane.manager.slots import Slots
from podlane.manager.speak import once, speak, until_answered

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Voice:
    """What it takes to speak for a job, and the failure reasons that its GitLab knows.

    `uploads`: what aborts the uploads of its caches that were opened for its helper.
    """

    job: JobAccess
    failure_reasons: tuple[str, ...] = ()
    uploads: tuple[Token, ...] = ()


@dataclass
class Hands:
    """What launching and settling share: the board, and the voices of jobs just launched."""

    board: Board
    voices: dict[Key, Voice] = field(default_factory=dict)
    slots: Slots = field(init=False)

    def __post_init__(self) -> None:
        self.slots = Slots(self.board)


class SlotLost(Exception):
    """Another manager's job was there first: the record is made anew, with other numbers."""


async def launch(body: bytes, runner: Runner, hands: Hands) -> None:
    """Bring one job to its pod, or to its refusal. Never raises for the job's own faults."""
    started = time.monotonic()
    try:
        job = parse_job(body)
    except JobRefused as refusal:
        log.error("Received a job that cannot be read", extra={"fields": _fields(runner, refusal)})
        return
    fields = job_fields(runner, job)
    log.info("Received a job", extra={"fields": fields})
    access = JobAccess(runner.context.runner.url, job.id, job.token, runner.context.info)
    pod = ""
    refused: JobRefused | None = None
    try:
        pod = await _launch(job, access, runner, hands)
    except JobRefused as refusal:
        refused = refusal
    except ServiceError as error:  # such as a right that is missing halfway
        refused = pods.refusal_of(error)
    if refused is not None:
        await refuse(job, access, runner, refused)
    elif pod:
        took = {"pod": pod, "duration_s": round(time.monotonic() - started, 3)}
        log.info("Launched the job", extra={"fields": fields | took})


async def _launch(job: Job, access: JobAccess, runner: Runner, hands: Hands) -> str:
    """Launch the job in the lowest free slots, once they are its own; the pod's name, if any."""
    while True:
        claim = hands.slots.take(runner.key, str(job.job_info.project_id))
        try:
            context = msgspec.structs.replace(
                runner.context_now(), slot=claim.slot, project_slot=claim.project_slot
            )
            return await _launch_there(job, context, access, runner, hands) or ""
        except SlotLost:
            log.info("Another manager was first", extra={"fields": job_fields(runner, job)})
        finally:
            hands.slots.give_back(claim)


async def _launch_there(
    job: Job, context: RunnerContext, access: JobAccess, runner: Runner, hands: Hands
) -> str | None:
    job = with_inputs(job, context)
    ground = resolve(job, context)
    shelf = await _shelf(job, context, ground, runner)
    try:
        context = msgspec.structs.replace(context, shelf=shelf)
        plan = make_plan(job, context, ground)
        manifests = build_manifests(plan, job, context, ground=ground)
        for container, image in manifests.told_images:
            named = {"container": container, "image": image}
            log.info("Image configured for job", extra={"fields": job_fields(runner, job) | named})
        _refuse_elsewhere(manifests, runner)
        pod = await _make(job, manifests, access, runner, hands)
    except (JobRefused, ServiceError, SlotLost):
        await abandon(runner, shelf.open_uploads())
        raise
    if pod is None:
        await abandon(runner, shelf.open_uploads())
    return pod


def _refuse_elsewhere(manifests: Manifests, runner: Runner) -> None:
    if manifests.namespace != runner.site.namespace or manifests.bearer_token:
        raise JobRefused(
            "The job asks for another namespace or token, which podlane cannot do yet",
            hint="leave KUBERNETES_NAMESPACE_OVERWRITE and KUBERNETES_BEARER_TOKEN out",
        )


async def _shelf(job: Job, context: RunnerContext, ground: Ground, runner: Runner) -> Shelf:
    """What the shared cache holds ready for the job; a store in trouble costs no more than that."""
    if runner.cache is None:
        return Shelf()
    found = await runner.cache.shelf(objects.ask(job, context, ground, time.time()))
    for warning in found.warnings:
        fields = job_fields(runner, job) | {"error": warning}
        log.warning("Trouble with the shared cache", extra={"fields": fields})
    return found


async def abandon(runner: Runner, opened: tuple[Token, ...]) -> None:
    """Abort the cache's uploads of a job whose helper cannot."""
    if runner.cache is not None and opened:
        await runner.cache.abandon(opened)


async def _make(
    job: Job, manifests: Manifests, access: JobAccess, runner: Runner, hands: Hands
) -> str | None:
    """Make the objects; the pod's name, "" when settle has to go on, None when the job is no
    longer wanted, or is launched already."""
    site = runner.site
    record = await _make_record(job, manifests, runner)
    if record is None:
        return None
    state = parse_record(token.convert(record, RawRecord))
    key = (site.name, state.name)
    hands.voices[key] = Voice(
        access, job.features.failure_reasons, pods.read_uploads(manifests.record)
    )
    hands.board.put_record(site.name, state)
    hands.board.lines[key].is_launching = True
    try:
        if not await hands.slots.is_certain(key):
            await _give_up(runner, key, hands)
            raise SlotLost
        await pods.make_extras(site, manifests.extra, state)
        if not await _acknowledge(runner, access):
            await site.api.delete(SECRET, site.namespace, state.name)
            return None
        return await pods.make_pod(site, manifests.pod, state, runner.wishes)
    except (Unavailable, TimeoutError) as error:  # settle goes on from the record
        why = str(error) or "the cluster does not show the record"
        log.warning("The launch is not finished", extra={"fields": {"error": why}})
        return ""
    except JobRefused:
        await pods.remove(site, state, None)
        raise
    finally:
        line = hands.board.lines.get(key)
        if line is not None:
            line.is_launching = False
            hands.board.stir(key)


async def _give_up(runner: Runner, key: Key, hands: Hands) -> None:
    """Take a record away of which GitLab has not heard."""
    await pods.remove(runner.site, hands.board.lines[key].record, None)
    hands.board.drop_record(*key)
    hands.voices.pop(key, None)


async def _make_record(job: Job, manifests: Manifests, runner: Runner) -> dict[str, object] | None:
    """Create the job's Secret, patiently; None when this very job is launched already."""
    until, is_said = time.monotonic() + runner.patience().start, False
    for delay in delays(0.5, 10):
        try:
            return await pods.make_record(runner.site, manifests.record, job.token)
        except Unavailable as problem:
            if time.monotonic() > until:
                raise pods.refusal_of(problem) from problem
            if not is_said:
                is_said = True
                fields = job_fields(runner, job) | {"error": problem.message}
                log.warning(
                    "Cannot make the job's Secret yet, trying again", extra={"fields": fields}
                )
        await asyncio.sleep(delay)
    return None


async def _acknowledge(runner: Runner, access: JobAccess) -> bool:
    """Tell GitLab that the job runs; whether it is still wanted.

    Silence is no refusal: the helper asks again before it runs a script.
    """
    for delay in (0.5, 1.0, 0.0):
        reply = await once(runner.jobs.update(access, Update("running")))
        if reply.is_canceling:
            await until_answered(runner.jobs, access, Update("failed", "unknown_failure"))
            return False
        if reply.word is Word.STOP:
            log.info("GitLab does not want the job any more", extra={"fields": {"job": access.id}})
            return False
        if reply.word is not Word.AGAIN:
            return True
        await asyncio.sleep(delay)
    return True


async def refuse(job: Job, access: JobAccess, runner: Runner, refusal: JobRefused) -> None:
    """Acknowledge the job and end it with the reason in its trace."""
    reply = await until_answered(runner.jobs, access, Update("running"))
    if reply.word is Word.STOP:
        return
    outcome: Outcome = failed(FailureReason(refusal.failure_reason), refusal.exit_code)
    hint = (f"hint: {refusal.hint}",) if refusal.hint else ()
    lines = mask_for(job, (refusal.message, *hint))
    await speak(runner.jobs, access, outcome, lines, job.features.failure_reasons)
    log.warning(
        "Refused the job",
        extra={"fields": job_fields(runner, job) | {"reason": refusal.reference}},
    )


def job_fields(runner: Runner, job: Job) -> dict[str, object]:
    return {"job": job.id, "project": job.job_info.project_id, "runner": runner.log_name}


def _fields(runner: Runner, refusal: JobRefused) -> dict[str, object]:
    return {"runner": runner.log_name, "error": refusal.message}
