"""podlane's log in its three formats."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator

import pytest

from podlane.core.config.notes import ConfigNote
from podlane.core.text.token import Token
from podlane.errors import ConfigError
from podlane.manager import logs

log = logging.getLogger("podlane.test")


@pytest.fixture
def out() -> Iterator[io.StringIO]:
    root, own = logging.getLogger(), logging.getLogger("podlane")
    before = root.handlers[:], root.level, own.level
    yield io.StringIO()
    root.handlers[:], root.level = before[0], before[1]
    own.setLevel(before[2])


def test_runner_puts_fields_behind_fifty_columns(out: io.StringIO) -> None:
    logs.set_up("", "", out)
    log.info("Received a job", extra={"fields": {"runner": "abc", "job": 7, "note": "two words"}})
    log.warning("Careful")
    log.debug("not now")
    assert out.getvalue() == (
        f'{"Received a job":<50}  job=7 note="two words" runner=abc\nWARNING: Careful\n'
    )


def test_text_is_key_value_pairs(out: io.StringIO) -> None:
    logs.set_up("debug", "text", out)
    log.debug("Hello", extra={"fields": {"b": "", "a": 'x="y"\nz'}})
    line = out.getvalue()
    assert line.startswith("time=2")
    assert line.endswith(' level=debug msg=Hello a="x=\\"y\\"\\nz" b=""\n')


def test_json_is_one_object_a_line(out: io.StringIO) -> None:
    logs.set_up("info", "json", out)
    with logs.bound(job=7):
        log.error("Broken\nline", extra={"fields": {"token": Token("hidden"), "msg": "forged"}})
    found = json.loads(out.getvalue())
    assert out.getvalue().count("\n") == 1
    assert (found["level"], found["msg"], found["job"], found["token"]) == (
        "error",
        "Broken\nline",
        7,
        "***",
    )


def test_fields_are_bound_for_what_runs_inside(out: io.StringIO) -> None:
    logs.set_up("info", "text", out)
    with logs.bound(job=7), logs.bound(runner="x"):
        log.info("inside")
    log.info("outside")
    inside, outside = out.getvalue().splitlines()
    assert inside.endswith("msg=inside job=7 runner=x")
    assert outside.endswith("msg=outside")


def test_a_traceback_follows_its_line(out: io.StringIO) -> None:
    logs.set_up("info", "text", out)
    try:
        int("oops")
    except ValueError:
        log.exception("It broke")
    assert 'msg="It broke"\nTraceback (most recent call last)' in out.getvalue()


def test_other_libraries_are_heard_when_they_warn(out: io.StringIO) -> None:
    logs.set_up("debug", "text", out)
    logging.getLogger("asyncio").info("chatter")
    logging.getLogger("asyncio").warning("trouble")
    assert [line.split("msg=")[1] for line in out.getvalue().splitlines()] == ["trouble"]


@pytest.mark.parametrize(("level", "form"), [("loud", ""), ("", "xml")])
def test_what_there_is_not_is_refused(level: str, form: str) -> None:
    with pytest.raises(ConfigError, match="known are"):
        logs.set_up(level, form)


def test_notes_are_said_by_kind(out: io.StringIO) -> None:
    logs.set_up("info", "text", out)
    logs.say_notes(
        [
            ConfigNote("later", "a", "`a` is not yet honoured: x", 3),
            ConfigNote("skipped", "b", "`b` is docker"),
        ]
    )
    first, second = out.getvalue().splitlines()
    assert 'level=warning msg="A key of the configuration is not yet honoured" line=3' in first
    assert 'level=error msg="A runner of the configuration is left out"' in second
