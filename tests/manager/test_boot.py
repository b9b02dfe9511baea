"""boot_verify: who is shown to GitLab first, how often it is tried, and what is said meanwhile."""

from __future__ import annotations

import asyncio
from typing import Any, cast

import pytest

from podlane.core.config.experimental import BootVerify, Experimental
from podlane.core.config.model import RunnerConfig
from podlane.core.plan.context import RunnerContext
from podlane.core.text.token import Token
from podlane.errors import Rejected
from podlane.manager.boot import Boot
from podlane.manager.runner import Runner

pytestmark = pytest.mark.looptime


class GitLab:
    def __init__(self, refusals: int) -> None:
        self.refusals = refusals
        self.asked: list[float] = []

    async def verify(self, token: Token, system_id: str, info: dict[str, Any]) -> None:
        self.asked.append(asyncio.get_running_loop().time())
        await asyncio.sleep(0.5)
        if len(self.asked) <= self.refusals:
            raise Rejected("verifying the runner: GitLab answered 403", service="gitlab")


def runner(gitlab: GitLab, settings: BootVerify) -> Runner:
    made = RunnerConfig(
        "https://g.test", Token("t"), "builder", experimental=Experimental(settings)
    )
    context = RunnerContext(made, "i", "s_1", "0", {})
    none = cast(Any, None)
    return Runner("key", context, cast(Any, gitlab), none, none, none, none, none)


async def test_a_runner_that_is_not_to_be_verified_is_not_asked_about() -> None:
    boot, gitlab = Boot(), GitLab(0)
    boot.begin(runner(gitlab, BootVerify()))
    assert boot.why_not_ready() == ""
    await boot.verify(runner(gitlab, BootVerify()))
    assert not gitlab.asked


async def test_it_is_tried_with_growing_pauses_until_gitlab_knows_the_runner(
    caplog: pytest.LogCaptureFixture,
) -> None:
    boot, gitlab = Boot(), GitLab(9)
    wanted = runner(gitlab, BootVerify(True, "20s", "1s", "10s"))
    boot.begin(wanted)
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(boot.verify(wanted))
        await asyncio.sleep(0.6)
        said = boot.why_not_ready()
        assert said.startswith("boot-verify pending\n")
        assert "builder: verifying the runner: GitLab answered 403" in said
    assert boot.why_not_ready() == ""
    pauses = [b - a for a, b in zip(gitlab.asked, gitlab.asked[1:], strict=False)]
    assert 1.2 < pauses[0] <= 1.5
    assert 7.5 < pauses[-1] <= 10.5
    failed = [record for record in caplog.records if record.levelname == "ERROR"]
    assert len(failed) == 1


async def test_a_runner_that_a_reload_removes_is_not_tried_on() -> None:
    boot, gitlab = Boot(), GitLab(10**6)
    wanted = runner(gitlab, BootVerify(enabled=True))
    boot.begin(wanted)
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(boot.verify(wanted))
        await asyncio.sleep(0.25)  # in the middle of a question
        boot.forget("key")
    assert boot.why_not_ready() == ""
    assert len(gitlab.asked) == 1
