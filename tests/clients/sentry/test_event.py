"""What goes to Sentry: a good envelope, and nothing that is secret."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from podlane.clients.sentry.event import Event, scrubbed, send_event
from podlane.core.config.dsn import parse_dsn
from podlane.core.text.token import Token

DSN = parse_dsn("https://abc123@sentry.test/sub/7")
ID = "0" * 31 + "1"


def item(event: Event) -> dict[str, Any]:
    body = send_event(DSN, event, "1.2").body
    assert isinstance(body, bytes)
    head, item_head, found, end = body.split(b"\n")
    assert json.loads(head)["event_id"] == event.id
    assert json.loads(item_head) == {"type": "event", "length": len(found)}
    assert end == b""
    read: dict[str, Any] = json.loads(found)
    return read


def test_an_event_is_an_envelope_for_its_project() -> None:
    request = send_event(DSN, Event(ID, 0.0, "error", "podlane.x", "m"), "1.2")
    assert request.url == "https://sentry.test/sub/api/7/envelope/"
    assert request.headers["X-Sentry-Auth"].endswith("sentry_key=abc123")
    found = item(Event(ID, 0.0, "error", "podlane.x", "Could not", {"runner": "builder"}))
    assert found["logentry"] == {"formatted": "Could not"}
    assert found["extra"] == {"runner": "builder"}
    assert (found["level"], found["release"]) == ("error", "podlane@1.2")
    assert found["timestamp"] == "1970-01-01T00:00:00+00:00"


def test_an_exception_goes_without_its_words_and_variables() -> None:
    def fall(secret: str) -> None:
        raise KeyError(secret)

    try:
        try:
            fall("hunter2")
        except KeyError as error:
            raise ExceptionGroup("hunter2 of a group", [error]) from None
    except ExceptionGroup as group:
        found = item(Event(ID, 0.0, "fatal", "podlane", "podlane ended", {}, group))
    text = json.dumps(found)
    assert "hunter2" not in text
    kinds = [one["type"] for one in found["exception"]["values"]]
    assert kinds == ["ExceptionGroup", "KeyError"]
    last = found["exception"]["values"][1]["stacktrace"]["frames"][-1]
    assert last["function"] == "fall"
    assert last["filename"] == "test_event.py"


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        ("refused glrt-AbC_123.01.xyz by GitLab", "glrt-AbC_123.01.xyz"),
        ("at https://user:pa55word@g.test/x", "pa55word"),
        ("Authorization: Bearer abc", "abc"),
        ("token=hunter2", "hunter2"),
        ("job glcbt-64_abcdefghij", "glcbt-64_abcdefghij"),
        ("jwt eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.abc", "eyJzdWIiOiIxIn0"),
        ("key 0123456789abcdef01234567", "0123456789abcdef01234567"),
    ],
)
def test_what_looks_like_a_secret_is_taken_out(text: str, secret: str) -> None:
    assert secret in text
    assert secret not in scrubbed(text)
    assert "***" in scrubbed(text)
    fields = {"error": text}
    assert secret not in json.dumps(item(Event(ID, 0.0, "error", "l", text, fields)))


@pytest.mark.parametrize(
    "text", ["GitLab refuses the runner, which rests now", "line 7: `x` is no duration", ""]
)
def test_plain_words_stay(text: str) -> None:
    assert scrubbed(text) == text


@given(st.text(), st.from_regex(r"gl(rt|cbt|pat)-[A-Za-z0-9_-]{20}", fullmatch=True), st.text())
def test_no_token_of_gitlab_gets_out(before: str, secret: str, after: str) -> None:
    assert secret not in scrubbed(f"{before} {secret} {after}")


@pytest.mark.parametrize(
    "text",
    ["", "sentry.test/7", "https://sentry.test/7", "https://key@sentry.test", "ftp://k@s.test/7"],
)
def test_what_is_no_dsn_is_refused_without_being_repeated(text: str) -> None:
    with pytest.raises(ValueError, match="is no address of a Sentry project") as caught:
        parse_dsn(text)
    assert "test" not in str(caught.value)


def test_a_dsn_shows_no_key_and_an_older_ones_secret_is_left_out() -> None:
    dsn = parse_dsn("http://abc:older@sentry.test:9000/7")
    assert (dsn.url, dsn.key) == ("http://sentry.test:9000/api/7/envelope/", Token("abc"))
    assert "abc" not in repr(dsn)
