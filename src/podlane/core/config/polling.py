"""How one runner asks GitLab for jobs: the keys that steer it, as one value, and the pace's rules.

Keys stand at the top of config.toml, in `[[runners]]` and in `[runners.podlane]`; the poller reads
this value and no key.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from podlane.core.config.model import Config, RunnerConfig
from podlane.core.text.duration import parse_duration

ADAPTIVE = "FF_USE_ADAPTIVE_REQUEST_CONCURRENCY"
Heard = Literal["job", "nothing", "busy"]

_INTERVAL = 3.0
_REFUSALS = 3
_REST = 3600.0
_TOP = Config()
_FACTORS: dict[Heard, float] = {"job": 1.1, "nothing": 0.95, "busy": 0.5}


class Polling(msgspec.Struct, frozen=True):
    """Times in seconds, 0 in a limit: none.

    `interval`: between two questions that nothing hurries. `is_strict`: a job hurries none.
    `questions`: how many may be under way at once; where `is_adaptive`, the pace says how many of
    them are. `refusals`: 403s in a row after which the runner rests for `rest`.
    """

    interval: float = _INTERVAL
    is_strict: bool = False
    questions: int = 1
    is_adaptive: bool = True
    refusals: int = _REFUSALS
    rest: float = _REST
    concurrent: int = 1
    limit: int = 0
    pending_limit: int = 0
    connection_max_age: float = 0


def polling(runner: RunnerConfig, config: Config = _TOP) -> Polling:
    rest = parse_duration(runner.unhealthy_interval) if runner.unhealthy_interval else _REST
    return Polling(
        interval=float(config.check_interval or _INTERVAL),
        is_strict=runner.strict_check_interval,
        questions=max(1, runner.request_concurrency),
        is_adaptive=runner.feature_flags.get(ADAPTIVE, True),
        refusals=runner.unhealthy_requests_limit or _REFUSALS,
        rest=max(0.0, rest),
        concurrent=config.concurrent,
        limit=runner.limit,
        pending_limit=runner.podlane.pending_limit,
        connection_max_age=max(0.0, parse_duration(config.connection_max_age or "0")),
    )


def next_pace(pace: float, heard: Heard, polling: Polling) -> float:
    """The pace after an answer: more questions at once while there are jobs, fewer while not, half
    as many when GitLab has too much to do."""
    if not polling.is_adaptive:
        return float(polling.questions)
    return min(max(1.0, pace * _FACTORS[heard]), float(polling.questions))


def first_pace(polling: Polling) -> float:
    return 1.0 if polling.is_adaptive else float(polling.questions)
