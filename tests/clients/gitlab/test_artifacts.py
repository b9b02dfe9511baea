"""Artifacts as the helper sends and fetches them: streamed, re-targeted, redirected, cut short."""

from __future__ import annotations

from collections.abc import Iterator
from email import message_from_bytes
from pathlib import Path

import pytest

from harness.http_server import Answerer, Call, Said, Server, always, serve
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


def test_upload_is_one_streamed_part(opened: list[BlockingJobApi], tmp_path: Path) -> None:
    source = tmp_path / "a"
    source.write_bytes(bytes(range(256)) * 3000)
    with serve(always(Said(201))) as server:
        answer = api_on(server, opened).upload_artifact(source, 'ä"b\r\n\\.zip', "expire_in=1+day")
    assert answer.status == 201
    (call,) = server.calls
    assert (call.method, call.path) == ("POST", "/api/v4/jobs/7/artifacts?expire_in=1+day")
    assert call.headers["job-token"] == "mine"
    assert call.headers["transfer-encoding"] == "chunked"
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
            answer = api_on(server, opened).upload_artifact(tmp_path / "a", "a.zip", "x=1")
    assert answer.status == 201
    assert target.calls[0].path == "/api/v4/jobs/7/artifacts?x=1"
    assert b"content" in target.calls[0].body


def test_upload_that_is_sent_in_circles_ends(opened: list[BlockingJobApi], tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"content")
    with serve(always(Said(307, {"Location": "/again"}))) as server:
        assert api_on(server, opened).upload_artifact(tmp_path / "a", "a", "").status == 307
    assert len(server.calls) == 5


@pytest.mark.parametrize("status", [400, 401, 403, 413, 503])
def test_refusals_of_an_upload_are_answers(
    opened: list[BlockingJobApi], tmp_path: Path, status: int
) -> None:
    (tmp_path / "a").write_bytes(b"content")
    with serve(always(Said(status))) as server:
        assert api_on(server, opened).upload_artifact(tmp_path / "a", "a", "").status == status


def test_download_straight_from_gitlab(opened: list[BlockingJobApi], tmp_path: Path) -> None:
    content = b"zip" * 300_000
    with serve(always(Said(body=content))) as server:
        api = api_on(server, opened)
        assert api.download_artifact(5, Token("theirs"), tmp_path / "a") == 200
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
            assert api.download_artifact(5, Token("theirs"), tmp_path / "a") == 200
    assert (tmp_path / "a").read_bytes() == b"from the store"
    assert "job-token" not in store.calls[0].headers
    assert store.calls[0].path == "/bucket/a?X-Amz-Signature=s"


@pytest.mark.parametrize("broken", [Said(403, {}, b"<Error/>"), Said(raw=b"")])
def test_an_object_store_out_of_reach_makes_gitlab_hand_the_file_through(
    opened: list[BlockingJobApi], tmp_path: Path, broken: Said
) -> None:
    def handing(store: Server) -> Answerer:
        def answer(call: Call) -> Said:
            if "direct_download" in call.path:
                return Said(302, {"Location": f"{store.url}/x"})
            return Said(body=b"through")

        return answer

    with serve(always(broken)) as store, serve(handing(store)) as server:
        api = api_on(server, opened)
        assert api.download_artifact(5, Token("theirs"), tmp_path / "a") == 200
    assert (tmp_path / "a").read_bytes() == b"through"


@pytest.mark.parametrize("status", [401, 403, 404, 500])
def test_refusals_of_a_download_are_statuses(
    opened: list[BlockingJobApi], tmp_path: Path, status: int
) -> None:
    with serve(always(Said(status, {}, b"no"))) as server:
        api = api_on(server, opened)
        assert api.download_artifact(5, Token("theirs"), tmp_path / "a") == status
    assert not (tmp_path / "a").exists()


def test_a_download_cut_short_is_no_success(opened: list[BlockingJobApi], tmp_path: Path) -> None:
    short = Said(raw=b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nhalf")
    with serve(always(short)) as server, pytest.raises(Unavailable, match="cut short"):
        api_on(server, opened).download_artifact(5, Token("theirs"), tmp_path / "a")
