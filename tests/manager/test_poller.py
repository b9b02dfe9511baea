"""When a runner asks for jobs, on a clock of the test's own: GitLab is a list of answers here."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, cast

import pytest

from podlane.clients.gitlab.calls import JobRequest
from podlane.clients.gitlab.runner_api import JobAnswer
from podlane.core.config.model import RunnerConfig
from podlane.core.config.polling import Polling
from podlane.core.plan.context import RunnerContext
from podlane.core.text.token import Token
from podlane.errors import Rejected, Unavailable
from podlane.manager.board import Board
from podlane.manager.places import Places
from podlane.manager.poller import Asking, Poller
from podlane.manager.runner import Runner
from podlane.manager.site import Site

pytestmark = pytest.mark.looptime
NOTHING, JOB = JobAnswer(None), JobAnswer(b"{}")
REFUSED = Rejected("403", service="gitlab", status=403)


@dataclass
class GitLab:
    """Answers each question after `takes` seconds with the next of `answers`, then with nothing."""

    answers: list[JobAnswer | Exception] = field(default_factory=list)
    takes: float = 0.0
    asked: list[float] = field(default_factory=list)
    named: list[str] = field(default_factory=list)
    at_once: int = 0
    most_at_once: int = 0

    async def request_job(self, ask: JobRequest) -> JobAnswer:
        self.asked.append(round(now() - self.began, 3))
        self.named.append(ask.last_update)
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            await asyncio.sleep(self.takes)
        finally:
            self.at_once -= 1
        answer = self.answers.pop(0) if self.answers else NOTHING
        if isinstance(answer, Exception):
            raise answer
        return answer

    def __post_init__(self) -> None:
        self.began = now()


def now() -> float:
    return asyncio.get_running_loop().time()


def runner(gitlab: GitLab, name: str = "one") -> Runner:
    context = RunnerContext(RunnerConfig("https://g.test", Token("t"), name), "i", "s", "0", {})
    site = Site("here", cast(Any, None), "ns", "")
    none = cast(Any, None)
    return Runner(name, context, cast(Any, gitlab), none, site, none, none, none)


@dataclass
class Desk:
    """The pollers of a manager, and the jobs they were given."""

    asking: Asking
    tasks: asyncio.TaskGroup
    jobs: list[float] = field(default_factory=list)

    def add(self, gitlab: GitLab, rules: Polling, name: str = "one", delay: float = 0) -> Poller:
        poller = Poller(runner(gitlab, name), rules, self.asking, delay)
        self.asking.pollers[name] = poller
        self.tasks.create_task(poller.serve())
        return poller


@asynccontextmanager
async def desk(concurrent: int = 100) -> AsyncIterator[Desk]:
    places = Places(Board(), concurrent)
    made: list[Desk] = []

    def start(body: bytes, of: Runner) -> None:
        made[0].jobs.append(now())
        places.give_back(of.key)

    async with asyncio.TaskGroup() as tasks:
        made.append(Desk(Asking(places, start), tasks))
        yield made[0]
        for poller in made[0].asking.pollers.values():
            poller.remove()


async def test_an_idle_runner_asks_once_in_each_interval() -> None:
    gitlab = GitLab()
    async with desk() as found:
        found.add(gitlab, Polling(interval=3))
        await asyncio.sleep(10)
    assert gitlab.asked == [0, 3, 6, 9]


async def test_more_questions_at_once_do_not_ask_an_idle_gitlab_more_often() -> None:
    gitlab = GitLab()
    async with desk() as found:
        found.add(gitlab, Polling(interval=3, questions=20, is_adaptive=False))
        await asyncio.sleep(10)
    assert gitlab.asked == [0, 3, 6, 9]


async def test_a_job_hurries_the_next_question() -> None:
    gitlab = GitLab([JOB, JOB, NOTHING])
    async with desk() as found:
        found.add(gitlab, Polling(interval=3))
        await asyncio.sleep(4)
    assert gitlab.asked == [0, 0, 0, 3]
    assert len(found.jobs) == 2


async def test_a_strict_interval_is_not_hurried() -> None:
    gitlab = GitLab([JOB, JOB, NOTHING])
    async with desk() as found:
        found.add(gitlab, Polling(interval=3, is_strict=True))
        await asyncio.sleep(7)
    assert gitlab.asked == [0, 3, 6]


async def test_without_the_flag_all_questions_may_be_under_way() -> None:
    gitlab = GitLab(takes=100)
    async with desk() as found:
        found.add(gitlab, Polling(interval=1, questions=4, is_adaptive=False))
        await asyncio.sleep(50)
        assert gitlab.at_once == 4
    assert gitlab.asked == [0, 1, 2, 3]


async def test_the_pace_follows_the_jobs() -> None:
    gitlab = GitLab([JOB] * 30, takes=0.1)
    async with desk() as found:
        poller = found.add(gitlab, Polling(interval=1, questions=4))
        await asyncio.sleep(0.15)
        assert gitlab.most_at_once == 1
        await asyncio.sleep(2)
        assert gitlab.most_at_once >= 2
        assert len(found.jobs) == 30
        await asyncio.sleep(120)
        assert poller.most() == 1
    assert gitlab.most_at_once <= 4


async def test_a_busy_gitlab_halves_the_pace_and_is_left_alone() -> None:
    gitlab = GitLab([*[JOB] * 25, Unavailable("429", service="gitlab", retry_after=40)])
    async with desk() as found:
        poller = found.add(gitlab, Polling(interval=1, questions=8))
        await asyncio.sleep(0.5)
        assert 2 < poller.pace < 4.2  # it was 8; those still under way bring nothing
        await asyncio.sleep(60)
    assert [at for at in gitlab.asked if 0 < at < 40] == []
    assert 40 in gitlab.asked


async def test_refused_three_times_in_a_row_a_runner_rests() -> None:
    gitlab = GitLab([REFUSED, REFUSED, NOTHING, REFUSED, REFUSED, REFUSED])
    async with desk() as found:
        poller = found.add(gitlab, Polling(interval=3, refusals=3, rest=600))
        await asyncio.sleep(20)
        assert poller.idle_because == "unhealthy"
        await asyncio.sleep(600)
        assert poller.idle_because == ""
    assert gitlab.asked[:8] == [0, 3, 6, 9, 12, 15, 615, 618]


async def test_gitlabs_newest_value_is_named_at_once_and_never_twice_in_a_row() -> None:
    gitlab = GitLab([JobAnswer(None, str(number)) for number in range(9)])
    async with desk() as found:
        found.add(gitlab, Polling(interval=3))
        await asyncio.sleep(4)
    assert gitlab.asked == [0, 0, 3, 3]
    assert gitlab.named == ["", "0", "1", "2"]


async def test_no_question_waits_at_gitlab_while_another_runner_lacks_the_place() -> None:
    first, second = GitLab([JobAnswer(None, "v")], takes=1), GitLab([JobAnswer(None, "v")])
    async with desk(concurrent=1) as found:
        found.add(first, Polling(interval=3), "first")
        found.add(second, Polling(interval=3), "second")
        await asyncio.sleep(30)
    assert set(first.named) == set(second.named) == {""}
    assert len(second.asked) >= 5


async def test_a_reload_changes_the_pace_and_the_interval() -> None:
    gitlab = GitLab()
    async with desk() as found:
        poller = found.add(gitlab, Polling(interval=3, questions=9, is_adaptive=False))
        await asyncio.sleep(1)
        assert poller.most() == 9
        poller.change(poller.runner, Polling(interval=1, questions=9))
        assert poller.most() == 1
        await asyncio.sleep(4.5)
    assert gitlab.asked == [0, 3, 4, 5]


@pytest.mark.parametrize("make", [lambda: Polling(limit=1), lambda: Polling(limit=5)])
async def test_a_limit_holds_while_launches_are_in_flight(make: Callable[[], Polling]) -> None:
    gitlab, rules = GitLab([JOB] * 9), make()
    places = Places(Board(), 100)
    kept: list[str] = []
    async with asyncio.TaskGroup() as tasks:
        asking = Asking(places, lambda _, of: kept.append(of.key))
        poller = Poller(runner(gitlab), rules, asking)
        asking.pollers["one"] = poller
        tasks.create_task(poller.serve())
        await asyncio.sleep(10)
        assert len(kept) == rules.limit
        assert poller.idle_because == "limit"
        places.give_back("one")
        await asyncio.sleep(0.1)
        assert len(kept) == rules.limit + 1
        poller.remove()
