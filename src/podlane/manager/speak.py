"""Tell GitLab how a job ended, in the place of a pod that cannot.

Asks for the size of the trace, adds our lines at that offset, sends the final status without a
checksum (others have written), and repeats each until GitLab has answered yes or "not yours".
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable

from podlane.clients.gitlab.calls import JobAccess, Update
from podlane.clients.gitlab.job_api import JobApi
from podlane.core.job.outcome import FailureReason, Outcome, in_words_of
from podlane.core.trace import sections
from podlane.core.trace.handover import is_said
from podlane.core.trace.reply import Reply, Word
from podlane.errors import ServiceError, Unavailable
from podlane.manager.backoff import delays

log = logging.getLogger(__name__)

_REMARK_TRIES = 5


def trace_lines(outcome: Outcome, lines: tuple[str, ...]) -> bytes:
    """Put lines into the look of gitlab-runner's last words: red, then yellow hints."""
    if not lines:
        return b""
    is_system = outcome.failure_reason is FailureReason.RUNNER_SYSTEM_FAILURE
    first = sections.error(f"Job failed{' (system failure)' if is_system else ''}: {lines[0]}")
    return "".join([first, *(sections.plain(line) for line in lines[1:])]).encode()


async def speak(
    jobs: JobApi,
    access: JobAccess,
    outcome: Outcome,
    lines: tuple[str, ...] = (),
    known_reasons: tuple[str, ...] = (),
) -> Reply:
    """End the job at GitLab. Returns once GitLab has the outcome, or the job is not ours (STOP)."""
    text = trace_lines(outcome, lines)
    if text and (added := await _append(jobs, access, text)).word is Word.STOP:
        return added
    told = in_words_of(outcome, known_reasons)
    update = Update(
        state=told.state,
        failure_reason=told.failure_reason or "",
        exit_code=told.exit_code,
    )
    return await until_answered(jobs, access, update)


async def remark(jobs: JobApi, access: JobAccess, lines: tuple[str, ...]) -> int | None:
    """Add warnings to the trace: what GitLab does not take is left out. A helper that writes as
    well may be quicker now and then. The size that the trace has then; None: not known."""
    text = "".join(map(sections.warning, lines)).encode()
    size = 0
    for _ in range(_REMARK_TRIES):
        found = await once(jobs.trace_size(access))
        if found.offset is None or found.word is Word.STOP:
            return None
        size = found.offset
        if not lines:
            return size
        data = b"\n" + text if size else text
        reply = await once(jobs.append_trace(access, size, data))
        if reply.word is not Word.OFFSET:
            return size + len(data) if reply.word is Word.DONE else None
    return None


async def until_answered(jobs: JobApi, access: JobAccess, update: Update) -> Reply:
    """Send one PUT again and again until GitLab answers it with a yes or a stop."""
    for delay in delays(1, 60):
        reply = await once(jobs.update(access, update))
        if is_said(reply):
            return reply
        await asyncio.sleep(reply.wait or reply.interval or delay)
    raise AssertionError("delays end never")


async def _append(jobs: JobApi, access: JobAccess, text: bytes) -> Reply:
    for delay in delays(1, 60):
        size = await once(jobs.trace_size(access))
        if size.word is Word.STOP:
            return size
        if size.offset is not None:
            data = b"\n" + text if size.offset else text
            reply = await once(jobs.append_trace(access, size.offset, data))
            if reply.word in (Word.DONE, Word.STOP):
                return reply
        await asyncio.sleep(size.wait or delay)
    raise AssertionError("delays end never")


async def once(call: Awaitable[Reply]) -> Reply:
    """Await one call; trouble on the way is the reply `again`."""
    try:
        return await call
    except Unavailable as error:
        log.warning("GitLab did not answer", extra={"fields": {"error": error.message}})
        return Reply(Word.AGAIN, wait=error.retry_after)
    except ServiceError as error:
        log.warning("GitLab did not take it", extra={"fields": {"error": error.message}})
        return Reply(Word.AGAIN)
