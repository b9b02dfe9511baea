"""Artifacts as the helper sends and fetches them: streamed, re-targeted, redirected, cut short."""

from __future__ import annotations

from collections.abc import Iterator
from email import message_from_bytes
from pathlib import Path

import pytest

from harness.certificates import authority
from harness.http_server import Call, Said, Server, always, serve
from podlane.clients.gitlab.artifacts import Received, Sending
from podlane.clients.gitlab.blocking import BlockingJobApi
from podlane.clients.gitlab.calls import JobAccess
from podlane.core.text.token import Token
from podlane.errors import Unavailable


@pytest.fixture
def opened() -> Iterator[list[BlockingJobApi]]:
    made: list[BlockingJobApi] = []
    yield made
    for api in made:
        api.close()


def api_on(server: Server, opened: list[BlockingJobApi]) -> BlockingJobApi:
    api = BlockingJobApi(JobAccess(server.url, 7, Token("mine"), {}), user_agent="test")
    opened.append(api)
    return api


def ignore(_count: int) -> None:
    """Nobody watches."""


def fetch(api: BlockingJobApi, target: Path, *, is_direct: bool = True) -> Received:
    return api.artifacts.download(5, Token("theirs"), target, is_direct=is_direct, progress=ignore)


def test_upload_is_one_streamed_part(opened: list[BlockingJobApi], tmp_path: Path) -> None:
    source = tmp_path / "a"
    source.write_bytes(bytes(range(256)) * 3000)
    with serve(always(Said(201))) as server:
        answer = api_on(server, opened).artifacts.upload(
            Sending(source, 'ä"b\r\n\\.zip', "expire_in=1+day")
        )
    assert answer.status == 201
    (call,) = server.calls
    assert (call.method, call.path) == ("POST", "/api/v4/jobs/7/artifacts?expire_in=1+day")
    assert call.headers["job-token"] == "mine"
    assert call.headers["content-length"] == str(len(call.body))
    head = f"Content-Type: {call.headers['content-type']}\r\n\r\n".encode()
    _, part = message_from_bytes(head + call.body).walk()
    assert 'name="file"; filename="ä_b___.zip"' in call.body[:300].decode(errors="replace")
    assert part.get_payload(decode=True) == source.read_bytes()


@pytest.mark.parametrize("status", [307, 308])
def test_upload_goes_where_it_is_sent(
    opened: list[BlockingJobApi], tmp_path: Path, status: int
) -> None:
    (tmp_path / "a").write_bytes(b"content")
    with serve(always(Said(201))) as target:
        location = {"Location": f"{target.url}/ignored?as=well"}
        with serve(always(Said(status, location))) as server:
            answer = api_on(server, opened).artifacts.upload(
                Sending(tmp_path / "a", "a.zip", "x=1")
            )
    assert answer.status == 201
    assert target.calls[0].path == "/api/v4/jobs/7/artifacts?x=1"
    assert b"content" in target.calls[0].body


def test_upload_that_is_sent_in_circles_ends(opened: list[BlockingJobApi], tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"content")
    with serve(always(Said(307, {"Location": "/again"}))) as server:
        assert (
            api_on(server, opened).artifacts.upload(Sending(tmp_path / "a", "a", "")).status == 307
        )
    assert len(server.calls) == 5


@pytest.mark.parametrize("status", [400, 401, 403, 413, 503])
def test_refusals_of_an_upload_are_answers(
    opened: list[BlockingJobApi], tmp_path: Path, status: int
) -> None:
    (tmp_path / "a").write_bytes(b"content")
    with serve(always(Said(status))) as server:
        assert (
            api_on(server, opened).artifacts.upload(Sending(tmp_path / "a", "a", "")).status
            == status
        )


def test_download_straight_from_gitlab(opened: list[BlockingJobApi], tmp_path: Path) -> None:
    content = b"zip" * 300_000
    with serve(always(Said(body=content))) as server:
        api = api_on(server, opened)
        assert fetch(api, tmp_path / "a").status == 200
    assert (tmp_path / "a").read_bytes() == content
    assert server.calls[0].path == "/api/v4/jobs/5/artifacts?direct_download=true"
    assert server.calls[0].headers["job-token"] == "theirs"


def test_an_object_store_does_not_see_the_token(
    opened: list[BlockingJobApi], tmp_path: Path
) -> None:
    with serve(always(Said(body=[b"from ", b"the store"]))) as store:
        location = {"Location": f"{store.url}/bucket/a?X-Amz-Signature=s"}
        with serve(always(Said(302, location))) as server:
            api = api_on(server, opened)
            assert fetch(api, tmp_path / "a").status == 200
    assert (tmp_path / "a").read_bytes() == b"from the store"
    assert "job-token" not in store.calls[0].headers
    assert store.calls[0].path == "/bucket/a?X-Amz-Signature=s"


@pytest.mark.parametrize("status", [401, 403, 404, 500])
def test_refusals_of_a_download_are_statuses(
    opened: list[BlockingJobApi], tmp_path: Path, status: int
) -> None:
    with serve(always(Said(status, {}, b"no"))) as server:
        api = api_on(server, opened)
        assert fetch(api, tmp_path / "a").status == status
    assert not (tmp_path / "a").exists()


def test_a_download_that_is_cut_short_goes_on_where_it_was(
    opened: list[BlockingJobApi], tmp_path: Path
) -> None:
    content = bytes(range(256)) * 4000
    head = b'HTTP/1.1 200 OK\r\nETag: "one"\r\nContent-Length: %d\r\n\r\n' % len(content)

    def answer(call: Call) -> Said:
        if "range" not in call.headers:
            return Said(raw=head + content[:700_000])
        start = int(call.headers["range"].removeprefix("bytes=").rstrip("-"))
        told = {"Content-Range": f"bytes {start}-{len(content) - 1}/{len(content)}"}
        return Said(206, told, content[start:])

    with serve(answer) as server:
        received = fetch(api_on(server, opened), tmp_path / "a")
    assert (received.status, received.size) == (200, len(content))
    assert (tmp_path / "a").read_bytes() == content
    assert server.calls[1].headers["range"] == "bytes=700000-"
    assert server.calls[1].headers["if-range"] == '"one"'
    assert server.calls[1].headers["job-token"] == "theirs"


@pytest.mark.parametrize("then", [Said(200, {}, b"all of it"), Said(416), Said(raw=b"")])
def test_a_download_cut_short_that_cannot_go_on_is_no_success(
    opened: list[BlockingJobApi], tmp_path: Path, then: Said
) -> None:
    short = Said(raw=b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nhalf")
    with serve(always(short, then)) as server, pytest.raises(Unavailable):
        fetch(api_on(server, opened), tmp_path / "a")


def test_an_object_store_says_why_in_xml(opened: list[BlockingJobApi], tmp_path: Path) -> None:
    body = b"<Error><Code>AccessDenied</Code><Message>Request has expired</Message></Error>"
    with serve(always(Said(403, {}, body))) as store:
        moved = always(Said(302, {"Location": f"{store.url}/x"}))
        with serve(moved) as server:
            received = fetch(api_on(server, opened), tmp_path / "a")
    assert (received.status, received.said) == (403, " (AccessDenied: Request has expired)")


def test_a_refused_upload_is_heard_before_all_of_it_went(
    opened: list[BlockingJobApi], tmp_path: Path
) -> None:
    (tmp_path / "a").write_bytes(bytes(64 << 20))
    with serve(always(Said(413, {}, b"", and_close=True))) as server:
        server.leaves_bodies_unread = True
        api = api_on(server, opened)
        assert api.artifacts.upload(Sending(tmp_path / "a", "a", "")).status == 413
        server.leaves_bodies_unread = False
        server.answer = always(Said(201))
        (tmp_path / "a").write_bytes(b"small")
        assert api.artifacts.upload(Sending(tmp_path / "a", "a", "")).status == 201


def test_an_upload_that_takes_too_long_ends(opened: list[BlockingJobApi], tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(bytes(1 << 20))
    with serve(always(Said(201))) as server, pytest.raises(TimeoutError):
        api_on(server, opened).artifacts.upload(Sending(tmp_path / "a", "a", "", timeout=0))


def test_what_the_watcher_raises_ends_the_upload_and_spoils_no_later_call(
    opened: list[BlockingJobApi], tmp_path: Path
) -> None:
    (tmp_path / "a").write_bytes(bytes(1 << 20))

    def stop(_count: int) -> None:
        raise KeyError

    with serve(always(Said(201))) as server:
        api = api_on(server, opened)
        with pytest.raises(KeyError):
            api.artifacts.upload(Sending(tmp_path / "a", "a", ""), stop)
        assert api.artifacts.upload(Sending(tmp_path / "a", "a", "")).status == 201


def test_a_token_never_goes_from_https_to_http(tmp_path: Path) -> None:
    made = authority()
    (tmp_path / "a").write_bytes(b"content")
    with serve(always(Said(201))) as plain:
        moved = always(Said(307, {"Location": plain.url}))
        with serve(moved, made.server()) as server:
            access = JobAccess(server.url, 7, Token("mine"), {})
            api = BlockingJobApi(access, user_agent="test", ca_certificates=made.pem)
            assert api.artifacts.upload(Sending(tmp_path / "a", "a", "")).status == 307
            api.close()
    assert not plain.calls
