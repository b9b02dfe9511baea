"""End a job that cannot run as it was asked for: acknowledged first, else its `failed` is answered
400, then failed with the reason."""

from __future__ import annotations

import logging
import time
from uuid import NAMESPACE_URL, uuid5

from podlane.clients.gitlab.calls import JobAccess, Update
from podlane.core.job.outcome import FailureReason, Outcome, failed
from podlane.core.job.payload import Job
from podlane.core.job.usage_record import Ended
from podlane.core.plan.trace import mask_for
from podlane.core.trace.reply import Word
from podlane.errors import JobRefused
from podlane.manager.hands import Hands, job_fields
from podlane.manager.runner import Runner
from podlane.manager.speak import speak, until_answered

log = logging.getLogger(__name__)


async def refuse(
    job: Job, access: JobAccess, runner: Runner, refusal: JobRefused, hands: Hands
) -> None:
    """Acknowledge the job and end it with the reason in its trace, if it is still wanted.

    A record that is there goes afterwards: while it is, another manager can say the same.
    """
    began_at = time.time()
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
    url = next((one.value for one in job.variables if one.key == "CI_JOB_URL"), "")
    name = f"{runner.context.runner.url}/{job.id}/{job.token.reveal()}"
    key = str(uuid5(NAMESPACE_URL, name))
    await hands.ended(runner, Ended(key, url, began_at, time.time(), outcome))
