"""An upload on its way to GitLab: tried again while that makes sense, explained when it fails."""

from __future__ import annotations

import time
from collections.abc import Callable
from select import select as select_ready
from typing import TYPE_CHECKING

from podlane.core.text.duration import format_duration
from podlane.errors import ServiceError
from podlane.helper.artifacts.means import failure
from podlane.helper.progress import Progress, megabytes, pace
from podlane.helper.work import JobStopped, StageFailed, Work, timed_out

if TYPE_CHECKING:
    from podlane.clients.gitlab.artifacts import Sending
    from podlane.clients.http.request import Answer

_TRIES = 3
_BUSY_TRIES = 6
_FINAL = (400, 403, 409, 413, 422)  # the same answer would come again
_EXTRA_SECONDS = 120.0
_SECRET_HEADERS = ("authorization", "cookie", "token", "signature", "credential")


def send(work: Work, kind: str, sending: Sending) -> None:
    """Until GitLab has it, or will not have it."""
    said = f'Uploading artifacts as "{kind}" to coordinator...'
    size, tries = sending.file.stat().st_size, 0
    while True:
        tries += 1
        progress = Progress(work, "Uploading artifacts:", size)
        answer, trouble = _try(work, sending, progress.step(lambda: check(work)))
        status = answer.status if answer is not None else 0
        if answer is not None:
            _show_headers(work, answer)
        if answer is not None and status == 201:
            mark = answer.headers.get("x-request-id", "")
            work.trace.plain(f"{said} 201 Created  correlation_id={mark} id={work.plan.job.id}")
            if progress.seconds() >= 1:
                work.trace.plain(f"Uploaded {megabytes(size)} in {pace(size, progress.seconds())}")
            return
        limit = _BUSY_TRIES if status == 503 else _TRIES
        if status in _FINAL or tries >= limit:
            raise _refused(answer, trouble, size, kind)
        work.trace.warning(f"{said} {_words(answer) or trouble}; trying again")
        _sleep(work, _pause(answer, tries))


def check(work: Work) -> None:
    """An upload may go on a little after the job's time is over: its log is wanted then above all;
    and after a cancel."""
    if work.reporter.is_stopped:
        raise JobStopped
    if work.grace_is_over():
        raise work.interrupted()
    if time.monotonic() >= work.deadline + _EXTRA_SECONDS:
        raise timed_out(work.plan.limits.job)


def _sleep(work: Work, seconds: float) -> None:
    until = time.monotonic() + seconds
    while (left := until - time.monotonic()) > 0:
        ready, _, _ = select_ready([work.wake_pipe[0]], [], [], left)
        if ready:
            work.clear_wake()
        check(work)


def _try(
    work: Work, sending: Sending, progress: Callable[[int], None]
) -> tuple[Answer | None, str]:
    try:
        return work.api.artifacts.upload(sending, progress), ""
    except TimeoutError:
        limit = format_duration(sending.timeout)
        return None, f"it took longer than {limit} (`upload_timeout` in [runners.artifact])"
    except ServiceError as error:
        return None, error.message


def _pause(answer: Answer | None, tries: int) -> float:
    from podlane.clients.http import retry

    told = retry.told_pause(answer.headers, time.time()) if answer is not None else None
    return min(told, 60.0) if told is not None else min(float(tries), 5.0)


def _words(answer: Answer | None) -> str:
    from podlane.clients.gitlab import answers

    return f"{answer.status}{answers.message(answer)}" if answer is not None else ""


def _refused(answer: Answer | None, trouble: str, size: int, kind: str) -> StageFailed:
    if answer is None:
        return failure(f"the artifacts were not uploaded: {trouble}")
    words, tail = _words(answer), f" (correlation_id={answer.headers.get('x-request-id', '')})"
    if answer.status == 413:
        is_gitlab = answer.headers.get("content-type", "").startswith("application/json")
        who = "this GitLab takes" if is_gitlab else "the server in front of GitLab lets through"
        return failure(
            f"the artifacts have {megabytes(size)} packed, more than {who}: {words}{tail}",
            "GitLab's limit is `Maximum artifacts size` in the CI/CD settings of the project, its "
            "group or the instance; who runs GitLab can raise it, and any limit of a proxy",
            "or keep less: `artifacts:exclude`, narrower `paths`, ARTIFACT_COMPRESSION_LEVEL: slow",
        )
    if answer.status == 403:
        return failure(
            f"GitLab does not take artifacts of this job: {words}{tail}",
            "the job may have ended at GitLab meanwhile, been erased, or its token been revoked",
        )
    if answer.status in (400, 409, 422):
        return failure(
            f"GitLab refused the artifacts: {words}{tail}",
            "each line of a dotenv report is `KEY=value`, and GitLab limits its size and number"
            if kind == "dotenv"
            else "a report must have the form of its type, and a job has one artifact of each type",
        )
    return failure(f"the artifacts were not uploaded: GitLab answered {words}{tail}")


def _show_headers(work: Work, answer: Answer) -> None:
    """With CI_DEBUG_TRACE: what GitLab's answer carried, but for what is nobody's business."""
    if not work.plan.trace.is_debug:
        return
    for name, value in sorted(answer.headers.items()):
        if not any(word in name for word in _SECRET_HEADERS):
            work.trace.plain(f"response header {name}: {value.partition('?')[0]}")
