"""Whether a job is ours already, or GitLab keeps it for us until we confirm it.

Where GitLab hands out in two phases, a job stays pending until PUT running: we confirm it once a
node has taken its pod, and until then it can go back to the queue as if it had never left. Whether
GitLab does so shows in its answer to PUT pending, and is remembered for each GitLab for a while.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from typing import Literal, Protocol

from podlane.clients.gitlab.calls import JobAccess, Update
from podlane.clients.gitlab.job_api import JobApi
from podlane.core.trace.handover import Missing, Taken, of_acknowledgement, of_missing_pod
from podlane.core.trace.reply import Word
from podlane.errors import Unavailable
from podlane.manager.speak import once, until_answered

log = logging.getLogger(__name__)
Claimed = Literal["reserved", "running", "unwanted"]
_PAUSES = (0.5, 1.0, 0.0)


@dataclass
class Offers:
    """Which GitLabs hand out in two phases, by their URL; what is learned holds for an hour."""

    clock: Callable[[], float] = time.monotonic
    seconds: float = 3600.0
    _known: dict[str, tuple[bool, float]] = field(default_factory=dict)

    def learn(self, url: str, *, is_offered: bool) -> None:
        self._known[url] = (is_offered, self.clock())

    def is_offered(self, url: str) -> bool | None:
        """None: not known, or not any more."""
        is_offered, at = self._known.get(url, (False, -self.seconds))
        return is_offered if self.clock() < at + self.seconds else None


async def claim(jobs: JobApi, access: JobAccess, offers: Offers) -> Claimed:
    """Take the job that GitLab has just handed out, as far as its pod may be made.

    Known to be reserved it needs no word at all: GitLab waits for two minutes.
    """
    is_offered = offers.is_offered(access.url)
    if is_offered:
        return "reserved"
    kept = await keep(jobs, access, offers) if is_offered is None else None
    if kept == "running":
        offers.learn(access.url, is_offered=False)
    return kept or await confirm(jobs, access)


async def keep(jobs: JobApi, access: JobAccess, offers: Offers) -> Claimed | None:
    """Have GitLab keep the job for two more minutes, or confirm it where it does not do that;
    None: it has not answered."""
    if offers.is_offered(access.url) is False:
        return await confirm(jobs, access)
    reply = await once(jobs.update(access, Update("pending")))
    if reply.word is Word.STOP:
        return "unwanted"
    if reply.word not in (Word.DONE, Word.NOT_RESERVED):
        return None
    if reply.word is Word.NOT_RESERVED:  # of a job handed out earlier this tells nothing of GitLab
        return await confirm(jobs, access)
    offers.learn(access.url, is_offered=True)
    return "reserved"


async def confirm(jobs: JobApi, access: JobAccess) -> Claimed:
    """Tell GitLab that the job runs; whether it is still wanted.

    Silence is no refusal: the helper asks again before it runs a script.
    """
    for delay in _PAUSES:
        reply = await once(jobs.update(access, Update("running")))
        taken = of_acknowledgement(reply)
        if taken is Taken.CANCELED:
            await until_answered(jobs, access, Update("failed", "unknown_failure"))
            return "unwanted"
        if taken is Taken.UNWANTED:
            log.info("GitLab does not want the job any more", extra={"fields": {"job": access.id}})
            return "unwanted"
        if taken is Taken.WANTED:
            return "running"
        await asyncio.sleep(delay)
    return "running"


class Claim(Protocol):
    """A job of which we know, or not, whether GitLab keeps it for us."""

    is_reserved: bool | None


async def is_kept(jobs: JobApi, access: JobAccess, job: Claim) -> bool:
    """Whether GitLab still keeps the job, so that it can go back to the queue: another manager may
    have confirmed it meanwhile."""
    reply = await once(jobs.update(access, Update("pending")))
    if reply.word is Word.NOT_RESERVED:
        job.is_reserved = False
    return reply.word in (Word.DONE, Word.STOP)


async def is_confirmed(jobs: JobApi, access: JobAccess, job: Claim) -> bool:
    """Confirm a job that may be kept only, for such a one cannot end; whether it is still ours.
    Unavailable when GitLab does not say so: what it refuses then tells nothing."""
    if job.is_reserved is False:
        return True
    taken = of_acknowledgement(await once(jobs.update(access, Update("running"))))
    if taken is Taken.UNKNOWN:
        raise Unavailable("GitLab does not say whether the job is ours", service="gitlab")
    job.is_reserved = False
    return taken is not Taken.UNWANTED


async def of_missing(
    jobs: JobApi, access: JobAccess, job: Claim, offers: Offers, ours: Collection[int] = (0,)
) -> Missing:
    """What becomes of a job whose record has no pod."""
    if job.is_reserved is not False:
        kept = await keep(jobs, access, offers)
        if kept is None or kept == "unwanted":
            return Missing.UNKNOWN if kept is None else Missing.OVER
        job.is_reserved = kept == "reserved"
        if job.is_reserved:
            return Missing.MAKE
    return of_missing_pod(await once(jobs.trace_size(access)), ours)
