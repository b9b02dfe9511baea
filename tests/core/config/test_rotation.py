"""When a token is exchanged, and which runner one is under another token."""

from __future__ import annotations

import pytest

from podlane.core.config.check import check
from podlane.core.config.model import Config, RunnerConfig
from podlane.core.config.rotation import Renewal, predecessor, reference, renewed, rotates
from podlane.core.config.times import NEVER, rotation_time
from podlane.core.text.token import Token


@pytest.mark.parametrize(
    ("obtained", "expires", "due"),
    [
        ("2026-01-01T00:00:00Z", "2026-01-05T00:00:00Z", "2026-01-04T00:00:00+00:00"),
        ("2026-01-01", "2026-01-05", "2026-01-04T00:00:00+00:00"),
        ("", "2026-01-05T00:00:00Z", NEVER.isoformat()),  # its beginning is not known: now
        ("0001-01-01T00:00:00Z", "2026-01-05T00:00:00Z", NEVER.isoformat()),
        ("2026-01-06T00:00:00Z", "2026-01-05T00:00:00Z", NEVER.isoformat()),
        ("2026-01-01T00:00:00Z", "", None),
        ("2026-01-01T00:00:00Z", "0001-01-01T00:00:00Z", None),
        ("2026-01-01T00:00:00Z", "soon", None),
    ],
)
def test_due_at_three_quarters(obtained: str, expires: str, due: str | None) -> None:
    found = rotation_time(obtained, expires)
    assert (found and found.isoformat()) == due


def one(token: str = "t", number: int = 0, name: str = "", **settings: object) -> RunnerConfig:
    return RunnerConfig("https://h", Token(token), name, number, **settings)  # type: ignore[arg-type]


def test_only_a_token_with_an_end_and_where_it_is_not_forbidden() -> None:
    end = "2026-01-05T00:00:00Z"
    assert rotates(one(token_expires_at=end))
    assert not rotates(one())
    flags = {"FF_DISABLE_AUTOMATIC_TOKEN_ROTATION": True}
    assert not rotates(one(token_expires_at=end, feature_flags=flags))


@pytest.mark.parametrize(
    ("runner", "key"),
    [
        (one("new", 7, "renamed"), "seven"),
        (one("new", 8, "seven"), ""),  # another number is another runner
        (one("new", 0, "seven"), "seven"),
        (one("new", 0, "plain"), "plain"),
        (one("new", 9, "other"), ""),
        (one("new"), ""),
    ],
)
def test_who_it_was(runner: RunnerConfig, key: str) -> None:
    gone = {"seven": one("a", 7, "seven"), "plain": one("b", 0, "plain"), "none": one("c")}
    assert predecessor(runner, gone) == key


def test_renewals_follow_each_other() -> None:
    config = Config(runners=(one("a"), one("x")))
    found = renewed(
        config, {Token("a"): Renewal(Token("b"), "", ""), Token("b"): Renewal(Token("c"), "o", "e")}
    )
    assert [runner.token.reveal() for runner in found.runners] == ["c", "x"]
    assert (found.runners[0].token_obtained_at, found.runners[0].token_expires_at) == ("o", "e")


@pytest.mark.parametrize(
    ("text", "name"), [("$A_1", "A_1"), ("${A}", "A"), ("glrt-$A", ""), ("", ""), (7, "")]
)
def test_a_reference(text: object, name: str) -> None:
    assert reference(text) == name


def test_the_times_beside_a_token_in_a_secret_are_newer_than_those_of_the_file() -> None:
    text = '[[runners]]\nurl = "https://h"\ntoken = "$PODLANE_TOKEN_1"\n'
    text += "token_obtained_at = 2025-01-01T00:00:00Z\ntoken_expires_at = 2025-02-01T00:00:00Z\n"
    environ = {"PODLANE_TOKEN_1": "glrt-x"}
    runner = check(text, environ).config.runners[0]
    assert runner.token_expires_at == "2025-02-01T00:00:00+00:00"
    environ["PODLANE_TOKEN_1_OBTAINED_AT"] = "2026-01-01T00:00:00+00:00"
    environ["PODLANE_TOKEN_1_EXPIRES_AT"] = "2026-02-01T00:00:00+00:00"
    runner = check(text, environ).config.runners[0]
    assert runner.token_obtained_at == "2026-01-01T00:00:00+00:00"
    assert runner.token_expires_at == "2026-02-01T00:00:00+00:00"
