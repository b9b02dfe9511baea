"""Everything that a job's environment is made of: who adds it, in which order, who beats whom."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from core.plan import ask
from podlane.core.plan.context import RunnerContext
from podlane.core.plan.make import make_plan
from podlane.core.plan.resolve import resolve
from podlane.core.text.token import Token

ORDER = """
FF_TIMESTAMPS CI_JOB_IMAGE CI_RUNNER_SHORT_TOKEN FROM_CONFIG CI_BUILDS_DIR CI_PROJECT_DIR
CI_CONCURRENT_ID CI_CONCURRENT_PROJECT_ID CI_SERVER CI_JOB_STATUS CI_JOB_TIMEOUT
CI_SERVER_TLS_CA_FILE CI_SERVER_TLS_CERT_FILE CI_SERVER_TLS_KEY_FILE FROM_GITLAB
CI_DISPOSABLE_ENVIRONMENT CI_RUNNER_VERSION CI_RUNNER_REVISION CI_RUNNER_EXECUTABLE_ARCH
RUNNER_TEMP_PROJECT_DIR
""".split()  # noqa: SIM905 - an order is read in lines


def where(*environment: str, flags: dict[str, bool] | None = None) -> RunnerContext:
    context = ask.context()
    runner = msgspec.structs.replace(
        context.runner, environment=environment, feature_flags=flags or {}
    )
    return msgspec.structs.replace(
        context,
        runner=runner,
        ca_certificates="ca",
        client_certificate="certificate",
        client_key=Token("key"),
    )


def values(context: RunnerContext, *sent: dict[str, Any]) -> dict[str, str]:
    """What a script sees, by name, in the order of export."""
    ground = resolve(ask.job(variables=list(sent)), context)
    return {key: ground.reader.get(key) for key in ground.variables.final()}


def test_the_order() -> None:
    context = where("FROM_CONFIG=1", flags={"FF_TIMESTAMPS": True})
    assert list(values(context, {"key": "FROM_GITLAB", "value": "x"})) == ORDER


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        ("CI_JOB_IMAGE", "sent"),
        ("FROM_CONFIG", "sent"),
        ("CI_PROJECT_DIR", "sent"),
        ("CI_SERVER", "sent"),
        ("CI_SERVER_TLS_CA_FILE", "sent"),
        ("CI_DISPOSABLE_ENVIRONMENT", "true"),
        ("CI_RUNNER_VERSION", "0"),
        ("CI_RUNNER_EXECUTABLE_ARCH", "linux/amd64"),
        ("RUNNER_TEMP_PROJECT_DIR", "/builds/g/p.tmp"),
        ("FF_TIMESTAMPS", "false"),
    ],
)
def test_who_beats_whom(key: str, expected: str) -> None:
    context = where("FROM_CONFIG=1", flags={"FF_TIMESTAMPS": False})
    assert values(context, {"key": key, "value": "sent"})[key] == expected


def test_a_job_s_own_project_folder_does_not_move_the_checkout() -> None:
    asked = ask.job(variables=[{"key": "CI_PROJECT_DIR", "value": "/elsewhere"}])
    assert make_plan(asked, where()).places.project == "/builds/g/p"


EXPANDED = [
    ({"value": "$NAME-${NAME}"}, "n-n"),
    ({"value": "$$NAME ${NOT_THERE}|$1|$@|"}, "$NAME |||"),
    ({"value": "$ $. ${ %NAME%"}, "$ $.  %NAME%"),
    ({"value": "$NESTED"}, "$NAME"),
    ({"value": "$FILE ${FILE}_FOOBAR"}, "/builds/g/p.tmp/FILE /builds/g/p.tmp/FILE_FOOBAR"),
    ({"value": "<$RAW>"}, "<5$NAME>"),
    ({"value": "$NAME", "raw": True}, "$NAME"),
    ({"value": "$CI_SERVER $FROM_CONFIG $CI_JOB_IMAGE"}, "yes config-$NAME alpine:3"),
    ({"value": "$A"}, "$A"),
    ({"value": "line\nline\ttab ж"}, "line\nline\ttab ж"),
    ({"value": "x" * 1_000_000}, "x" * 1_000_000),
    ({"value": "a\0b"}, "ab"),
]


@pytest.mark.parametrize(("sent", "expected"), EXPANDED)
def test_expansion(sent: dict[str, Any], expected: str) -> None:
    known: list[dict[str, Any]] = [
        {"key": "NAME", "value": "n"},
        {"key": "NESTED", "value": "$NAME"},
        {"key": "FILE", "value": "content", "file": True},
        {"key": "RAW", "value": "5$NAME", "raw": True},
    ]
    found = values(where("FROM_CONFIG=config-$NAME"), *known, {"key": "A", **sent})
    assert found["A"] == expected


def test_kinds() -> None:
    sent = [
        {"key": "FILE", "value": "f", "file": True, "masked": True},
        {"key": "ODD NAME", "value": "o"},
        {"key": "UID", "value": "0"},
        {"key": "HIDDEN", "value": " h4dden word ", "masked": True},
    ]
    plan = make_plan(ask.job(variables=sent), where())
    given = {one.key: one for one in plan.variables}
    assert (given["FILE"].value, given["FILE"].is_file) == ("f", True)
    assert given["CI_SERVER_TLS_KEY_FILE"].is_file
    assert not {"ODD NAME", "UID"} & set(given)
    masks = [mask.reveal() for mask in plan.trace.masks]
    assert {"h4dden word", "h4dden%20word", "f", "key", "job-token-1"} <= set(masks)
    assert plan.gitlab.client_key == Token("key")


BAD = [
    ("CI_DEBUG_TRACE", "blammo", "its value is not true or false"),
    ("AFTER_SCRIPT_IGNORE_ERRORS", "2", "its value is not true or false"),
    ("RUNNER_SCRIPT_TIMEOUT", "soon", "its value is not a duration such as 90s, 10m or 1h30m"),
    ("RUNNER_AFTER_SCRIPT_TIMEOUT", "-5s", "its value is not a duration of zero or more"),
    ("FF_TIMESTAMPS", "perhaps", "its value is not true or false"),
]


@pytest.mark.parametrize(("key", "value", "why"), BAD)
def test_a_word_that_means_nothing_is_named_and_the_default_holds(
    key: str, value: str, why: str
) -> None:
    asked, usual = ask.job(variables=[{"key": key, "value": value}]), ask.plan(ask.job())
    assert f"{key} is ignored: {why}" in ask.warnings(asked)
    plan = ask.plan(asked)
    assert (plan.limits, plan.trace, plan.after_script_counts) == (
        usual.limits,
        usual.trace,
        usual.after_script_counts,
    )


WORDS = [("1", True), ("t", True), ("TRUE", True), ("F", False), ("0", False)]


@pytest.mark.parametrize(("word", "is_on"), WORDS)
def test_every_word_for_yes_and_no(word: str, is_on: bool) -> None:
    asked = ask.job(variables=[{"key": "CI_DEBUG_TRACE", "value": word}])
    assert ask.plan(asked).trace.is_debug is is_on
