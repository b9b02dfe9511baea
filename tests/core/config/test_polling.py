"""How a runner asks for jobs: what each key does to it, and how the pace moves."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from podlane.core.config.model import Config
from podlane.core.config.parse import parse
from podlane.core.config.polling import Heard, Polling, first_pace, next_pace, polling


def read(top: str = "", runner: str = "") -> Polling:
    text = f'{top}\n[[runners]]\nurl = "https://gitlab.test"\ntoken = "t"\n{runner}\n'
    config, _ = parse(text, {})
    return polling(config.runners[0], config)


def test_the_defaults_are_gitlab_runners() -> None:
    assert read() == Polling(pending_limit=3, connection_max_age=900)
    assert read() == Polling(3, False, 1, True, 3, 3600, 1, 0, 3, 900)


@pytest.mark.parametrize(
    ("top", "runner", "field", "value"),
    [
        ("check_interval = 30", "", "interval", 30),
        ("check_interval = 0", "", "interval", 3),
        ("concurrent = 7", "", "concurrent", 7),
        ('connection_max_age = "90s"', "", "connection_max_age", 90),
        ('connection_max_age = "-1s"', "", "connection_max_age", 0),
        ("", "limit = 4", "limit", 4),
        ("", "request_concurrency = 9", "questions", 9),
        ("", "request_concurrency = 0", "questions", 1),
        ("", "strict_check_interval = true", "is_strict", True),
        ("", "unhealthy_requests_limit = 8", "refusals", 8),
        ("", "unhealthy_requests_limit = 0", "refusals", 3),
        ("", 'unhealthy_interval = "2m"', "rest", 120),
        ("", "unhealthy_interval = 5000000000", "rest", 5),
        ("", "[runners.podlane]\npending_limit = 0", "pending_limit", 0),
        (
            "",
            "[runners.feature_flags]\nFF_USE_ADAPTIVE_REQUEST_CONCURRENCY = false",
            "is_adaptive",
            False,
        ),
    ],
)
def test_a_key(top: str, runner: str, field: str, value: float) -> None:
    assert getattr(read(top, runner), field) == value


@pytest.mark.parametrize(
    ("pace", "heard", "then"),
    [
        (1.0, "job", 1.1),
        (1.0, "nothing", 1.0),
        (1.0, "busy", 1.0),
        (9.5, "job", 10.0),
        (8.0, "nothing", 7.6),
        (8.0, "busy", 4.0),
    ],
)
def test_the_pace_moves(pace: float, heard: Heard, then: float) -> None:
    assert next_pace(pace, heard, Polling(questions=10)) == pytest.approx(then)


@given(
    st.integers(1, 100),
    st.booleans(),
    st.lists(st.sampled_from(["job", "nothing", "busy"]), max_size=200),
)
def test_the_pace_stays_within_its_bounds(most: int, adaptive: bool, heard: list[Heard]) -> None:
    rules = Polling(questions=most, is_adaptive=adaptive)
    pace = first_pace(rules)
    for one in heard:
        pace = next_pace(pace, one, rules)
        assert 1 <= pace <= most
        assert adaptive or pace == most


def test_a_config_without_runners_is_read_as_ever() -> None:
    assert parse("", {})[0] == Config()
