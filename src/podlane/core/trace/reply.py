"""What GitLab's answer to a PUT of a job or a PATCH of its trace asks of us.

Facts: the runner API (GitLab 17 to 19). `Job-Status` and 403 beat every other sign; the `Range`
of an answer is `0-<size>` where size is the number of bytes stored, so the next offset.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import Enum

import msgspec


class Word(Enum):
    DONE = "done"  # accepted
    LATER = "later"  # 202 of a final PUT: repeat the same PUT after the interval
    OFFSET = "offset"  # 416: go on at `offset`
    FROM_START = "from-start"  # 412: send the whole trace again
    STOP = "stop"  # the job is not ours any more, or is over
    NOT_RESERVED = "not-reserved"  # to PUT pending: the job runs already, or is another's
    AGAIN = "again"  # a fault on the way: repeat later


class Reply(msgspec.Struct, frozen=True):
    """`is_canceling`: GitLab wants the user's script stopped, and the rest of the job done.

    `job_status` is GitLab's word ("" when not told), `offset` the bytes GitLab holds,
    `interval` the seconds GitLab asks for between two updates, `wait` a Retry-After.
    """

    word: Word
    is_canceling: bool = False
    job_status: str = ""
    offset: int | None = None
    interval: float | None = None
    wait: float | None = None


_MAX_INTERVAL = 900.0


def _number(text: str | None) -> float | None:
    return float(text) if text and re.fullmatch(r"\d{1,9}", text.strip()) else None


def _offset(headers: Mapping[str, str]) -> int | None:
    found = re.fullmatch(r"\s*0-(\d{1,15})\s*", headers.get("range", ""))
    return int(found.group(1)) if found else None


def _reply(word: Word, status: int, headers: Mapping[str, str]) -> Reply:
    job_status = headers.get("job-status", "").strip().lower()
    if status == 403 or job_status in ("canceled", "failed"):
        word = Word.STOP
    interval = _number(headers.get("x-gitlab-trace-update-interval"))
    return Reply(
        word=word,
        is_canceling=job_status == "canceling",
        job_status=job_status,
        offset=_offset(headers),
        interval=min(interval, _MAX_INTERVAL) if interval else None,
        wait=_number(headers.get("retry-after")),
    )


_UPDATE_WORDS = {
    200: Word.DONE,
    202: Word.LATER,
    404: Word.STOP,
    410: Word.STOP,
    412: Word.FROM_START,
}
# of a hand-out in two phases: `pending` keeps the job for us, `running` takes it for good
_PHASE_WORDS = {
    "pending": {400: Word.NOT_RESERVED, 409: Word.NOT_RESERVED},
    "running": {409: Word.STOP},
}
_TRACE_WORDS = {202: Word.DONE, 416: Word.OFFSET}


def parse_update(status: int, headers: Mapping[str, str], state: str = "") -> Reply:
    """Read the answer to PUT /jobs/:id with this `state`; `headers` have lower-case names."""
    words = _UPDATE_WORDS | _PHASE_WORDS.get(state, {})
    return _reply(words.get(status, Word.AGAIN), status, headers)


def parse_trace(status: int, headers: Mapping[str, str]) -> Reply:
    """Read the answer to PATCH /jobs/:id/trace; `headers` have lower-case names."""
    return _reply(_TRACE_WORDS.get(status, Word.AGAIN), status, headers)
