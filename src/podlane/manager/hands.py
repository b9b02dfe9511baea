"""What launching and settling share: the board, its slots, and how to speak for each job."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from podlane.clients.gitlab.calls import JobAccess
from podlane.core.job.payload import Job
from podlane.core.job.usage_record import Ended
from podlane.core.text.token import Token
from podlane.errors import Rejected
from podlane.manager import records
from podlane.manager.board import Board, Key
from podlane.manager.metrics.tally import Tally
from podlane.manager.reservation import Offers
from podlane.manager.runner import Runner
from podlane.manager.seats import Alone, Duty
from podlane.manager.slots import Slots
from podlane.manager.turns import Turns
from podlane.manager.usage_log import UsageLog


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
    """What launching and settling share: the board, the voices of jobs just launched, where the end
    of a job is recorded, which GitLabs keep a job until it is confirmed, and whether settling is
    ours (`duty`)."""

    board: Board
    usage: UsageLog
    tally: Tally = field(default_factory=Tally)
    voices: dict[Key, Voice] = field(default_factory=dict)
    offers: Offers = field(default_factory=Offers)
    duty: Duty = field(default_factory=lambda: Duty(Alone()))
    slots: Slots = field(init=False)
    turns: Turns = field(init=False)

    def __post_init__(self) -> None:
        self.slots, self.turns = Slots(self.board), Turns(self.board)

    async def ended(self, runner: Runner, ended: Ended) -> None:
        """Record that a job is over. Never raises."""
        self.tally.end(runner, ended)
        await self.usage.ended(runner, ended)


class SlotLost(Exception):
    """Another manager's job was there first: the record is made anew, with other numbers."""


def voice_of(record: dict[str, Any], runner: Runner) -> Voice:
    """Read it from a record. Rejected: it has the labels and the name of one, and holds no job."""
    job_id, job_token = records.read(record, "id"), Token(records.read(record, "token"))
    if not (job_id.isdecimal() and job_token):
        name = record["metadata"]["name"]
        raise Rejected(f"the Secret {name} holds no job", service="kubernetes", status=422)
    url, reasons = records.read(record, "url"), records.read(record, "failure_reasons")
    job = JobAccess(url, int(job_id), job_token, runner.context.info)
    return Voice(job, tuple(reasons.split()), records.read_uploads(record))


async def abandon(runner: Runner, opened: tuple[Token, ...]) -> None:
    """Abort the cache's uploads of a job whose helper cannot."""
    if runner.cache is not None and opened:
        await runner.cache.abandon(opened)


def job_fields(runner: Runner, job: Job) -> dict[str, object]:
    return {"job": job.id, "project": job.job_info.project_id, "runner": runner.log_name}
