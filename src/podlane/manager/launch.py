"""One job from GitLab's answer to its pod: record, then the word to GitLab, then the pod.

Before the record (the Secret) exists nothing is acknowledged, so a kill at any moment loses
nothing: GitLab takes the job back. Once it exists, every later step can be done by any manager
(`manager.settle` makes a missing pod from the manifest in the record). A job that cannot run as
it was asked for is acknowledged first, else its `failed` is answered 400, then refused.
"""

from __future__ import annotations

import logging
import time
import traceback
from pathlib import Path

import msgspec

from podlane.clients.gitlab.calls import JobAccess
from podlane.core.job.payload import Job, parse_job
from podlane.core.plan import objects
from podlane.core.plan.context import RunnerContext
from podlane.core.plan.make import make_plan
from podlane.core.plan.resolve import Ground, resolve, with_inputs
from podlane.core.plan.store import Shelf
from podlane.core.pod.manifests import build_manifests
from podlane.errors import JobRefused, ServiceError
from podlane.manager.hands import Hands, SlotLost, abandon, job_fields
from podlane.manager.make import make
from podlane.manager.refusal import refusal_of
from podlane.manager.refuse import refuse
from podlane.manager.runner import Runner

log = logging.getLogger(__name__)


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
        refused = refusal_of(error)
    except Exception as error:  # noqa: BLE001 - whatever a payload brings about is one job's end
        refused = _unexpected(error, fields)
    if refused is not None:
        await refuse(job, access, runner, refused, hands)
    elif pod:
        took = {"pod": pod, "duration_s": round(time.monotonic() - started, 3)}
        log.info("Launched the job", extra={"fields": fields | took})


def _unexpected(error: Exception, fields: dict[str, object]) -> JobRefused:
    """A bug of ours: where it is stands in the log, and nothing of the job's."""
    last = traceback.extract_tb(error.__traceback__)[-1]
    what = f"{type(error).__name__} in {Path(last.filename).name}:{last.lineno}"
    log.error("Met an unexpected error in a launch", extra={"fields": fields | {"error": what}})
    return JobRefused(
        f"podlane met an unexpected error: {what}",
        hint="this is a bug in podlane: please report it with this line",
        reference="unexpected",
        failure_reason="runner_system_failure",
    )


async def _launch(job: Job, access: JobAccess, runner: Runner, hands: Hands) -> str:
    """Launch the job in the lowest free slots, once they are its own; the pod's name, if any."""
    while True:
        claim = hands.slots.take(runner.key, str(job.job_info.project_id))
        try:
            context = msgspec.structs.replace(
                runner.context_now(),
                slot=claim.slot,
                project_slot=claim.project_slot,
                seat=hands.duty.part.seat(hands.board.live),
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
        pod = await make(job, manifests, access, runner, hands)
    except (JobRefused, ServiceError, SlotLost):
        await abandon(runner, shelf.open_uploads())
        raise
    if pod is None:
        await abandon(runner, shelf.open_uploads())
    return pod


async def _shelf(job: Job, context: RunnerContext, ground: Ground, runner: Runner) -> Shelf:
    """What the shared cache holds ready for the job; a store in trouble costs no more than that."""
    if runner.cache is None:
        return Shelf()
    found = await runner.cache.shelf(objects.ask(job, context, ground, time.time()))
    for warning in found.warnings:
        fields = job_fields(runner, job) | {"error": warning}
        log.warning("Trouble with the shared cache", extra={"fields": fields})
    return found


def _fields(runner: Runner, refusal: JobRefused) -> dict[str, object]:
    return {"runner": runner.log_name, "error": refusal.message}
