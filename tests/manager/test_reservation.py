"""Whether GitLab keeps a job until it is confirmed, learned from the embedded one."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest

from podlane.clients.gitlab.calls import JobAccess, JobRequest
from podlane.clients.gitlab.info import build_info
from podlane.clients.gitlab.job_api import JobApi
from podlane.clients.gitlab.runner_api import RunnerApi
from podlane.clients.http.session import HttpSession
from podlane.core.text.token import Token
from podlane.local.coordinator import Coordinator, CoordinatorJob, Fault
from podlane.manager import reservation
from podlane.manager.reservation import Offers


@dataclass
class Desk:
    gitlab: Coordinator
    jobs: JobApi
    token: str
    offers: Offers

    async def take(self) -> tuple[CoordinatorJob, JobAccess]:
        job, info = self.gitlab.enqueue(), build_info("1", {})
        session = HttpSession(user_agent="test")
        asker = RunnerApi(session, self.gitlab.url)
        await asker.request_job(JobRequest(Token(self.token), "s_1", info))
        await session.close()
        return job, JobAccess(self.gitlab.url, job.id, Token(job.token), info)

    def asked(self, job: CoordinatorJob) -> list[str]:
        return [one.call for one in self.gitlab.requests if one.job == job.id]


@pytest.fixture
async def desk() -> AsyncIterator[Desk]:
    async with Coordinator() as gitlab:
        session = HttpSession(user_agent="test")
        yield Desk(gitlab, JobApi(session), gitlab.register_runner().token, Offers())
        await session.close()


async def test_a_job_that_is_kept_for_us_is_not_confirmed(desk: Desk) -> None:
    desk.gitlab.queue.two_phase = True
    job, access = await desk.take()
    assert await reservation.claim(desk.jobs, access, desk.offers) == "reserved"
    assert (job.state, job.is_reserved) == ("pending", True)
    later, access = await desk.take()
    assert await reservation.claim(desk.jobs, access, desk.offers) == "reserved"
    assert desk.asked(later) == []  # what is known of this GitLab need not be asked
    assert await reservation.confirm(desk.jobs, access) == "running"
    assert later.state == "running"


async def test_without_two_phases_each_job_is_confirmed_at_once(desk: Desk) -> None:
    job, access = await desk.take()
    assert await reservation.claim(desk.jobs, access, desk.offers) == "running"
    assert len(job.touched) == 1
    later, access = await desk.take()
    assert await reservation.claim(desk.jobs, access, desk.offers) == "running"
    assert desk.asked(later) == ["update"]


async def test_what_is_known_of_a_gitlab_is_asked_again_after_a_while(desk: Desk) -> None:
    now = 0.0
    desk.offers.clock = lambda: now
    _, access = await desk.take()
    assert await reservation.claim(desk.jobs, access, desk.offers) == "running"
    desk.gitlab.queue.two_phase, now = True, 3601.0
    job, access = await desk.take()
    assert await reservation.claim(desk.jobs, access, desk.offers) == "reserved"
    assert job.state == "pending"


async def test_a_job_that_was_taken_back_is_not_wanted(desk: Desk) -> None:
    desk.gitlab.queue.two_phase, desk.gitlab.queue.take_back_after = True, 0.01
    job, access = await desk.take()
    await desk.gitlab.wait_until(job.id, lambda job: not job.is_reserved, 5)
    assert await reservation.keep(desk.jobs, access, desk.offers) == "unwanted"
    assert await reservation.claim(desk.jobs, access, desk.offers) == "unwanted"


async def test_silence_is_no_answer(desk: Desk) -> None:
    desk.gitlab.queue.two_phase = True
    desk.gitlab.faults.add(Fault("update", status=503, times=1))
    _, access = await desk.take()
    assert await reservation.keep(desk.jobs, access, desk.offers) is None
    assert desk.offers.is_offered(access.url) is None


async def test_a_job_that_runs_already_is_confirmed_again(desk: Desk) -> None:
    """As after a restart of the manager: the helper has confirmed it meanwhile."""
    desk.gitlab.queue.two_phase = True
    job, access = await desk.take()
    await reservation.confirm(desk.jobs, access)
    assert await reservation.keep(desk.jobs, access, desk.offers) == "running"
    assert desk.offers.is_offered(access.url) is None  # that says nothing of this GitLab
    assert len(job.touched) == 2
