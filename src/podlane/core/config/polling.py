"""How the manager asks GitLab for one runner's jobs: the keys of the config in the units of work.

The one reader of these keys: the poller, the places and the metrics take them from here.
"""

from __future__ import annotations

import msgspec

from podlane.core.config.model import RunnerConfig
from podlane.core.text.duration import parse_duration


class Polling(msgspec.Struct, frozen=True):
    """`rest` in seconds; a limit of 0 is none."""

    limit: int  # jobs of the runner at once
    pending_limit: int  # pods without a node, at which nothing more is asked for
    questions: int  # asked at one time
    pauses_after_job: bool  # else the next question follows at once
    refusals: int  # in a row, before the runner rests
    rest: float


def polling(runner: RunnerConfig) -> Polling:
    return Polling(
        limit=runner.limit,
        pending_limit=runner.podlane.pending_limit,
        questions=max(1, runner.request_concurrency),
        pauses_after_job=runner.strict_check_interval,
        refusals=runner.unhealthy_requests_limit,
        rest=parse_duration(runner.unhealthy_interval),
    )
