"""The helper's HTTP: kept connections, bodies of unknown length, faults, TLS."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.certificates import authority
from harness.http_server import Call, Said, always, serve
from podlane.clients.http.blocking import BlockingHttp
from podlane.clients.http.request import Request
from podlane.errors import Rejected, ServiceError, Unavailable


@pytest.fixture
def http() -> Iterator[BlockingHttp]:
    made = BlockingHttp(user_agent="podlane/test")
    yield made
    made.close()


class Pieces:
    """A body that can be read again."""

    def __iter__(self) -> Iterator[bytes]:
        yield b"one"
        yield b"two"


def read_all(http: BlockingHttp, request: Request) -> bytes:
    with http.stream(request, timeout=5) as response:
        return b"".join(http.read_blocks(request, response))


def test_one_connection_serves_many_calls(http: BlockingHttp) -> None:
    with serve(always(Said(200, {"Job-Status": "running"}, b"ok"))) as server:
        for _ in range(3):
            answer = http.send(Request("PATCH", f"{server.url}/a?b=c", {"X": "y"}, b"data"))
    assert (answer.status, answer.headers["job-status"], answer.body) == (200, "running", b"ok")
    assert server.connections == 1
    call = server.calls[0]
    assert (call.method, call.path, call.body) == ("PATCH", "/a?b=c", b"data")
    assert (call.headers["user-agent"], call.headers["x"]) == ("podlane/test", "y")
    assert len({call.headers["x-request-id"] for call in server.calls}) == 3


def test_body_of_unknown_length_goes_in_chunks(http: BlockingHttp) -> None:
    with serve(always(Said())) as server:
        http.send(Request("POST", server.url, {}, Pieces()))
    assert server.calls[0].body == b"onetwo"
    assert server.calls[0].headers["transfer-encoding"] == "chunked"


@pytest.mark.parametrize("body", [b"data", Pieces()])
def test_a_kept_connection_that_was_closed_is_opened_once_more(
    http: BlockingHttp, body: bytes | Pieces
) -> None:
    with serve(lambda call: Said(and_close=True, body=b"ok")) as server:
        server.answer = lambda call: Said(body=b"ok")
        http.send(Request("PUT", server.url, {}, b""))
        server.answer = lambda call: (
            Said(raw=b"") if len(server.calls) == 2 else Said(body=b"again")
        )
        assert http.send(Request("PUT", server.url, {}, body)).body == b"again"
    assert server.connections == 2


def test_a_new_connection_that_fails_is_not_tried_again(http: BlockingHttp) -> None:
    with serve(always(Said(raw=b""))) as server, pytest.raises(Unavailable):
        http.send(Request("PUT", server.url, {}, b"data"))
    assert len(server.calls) == 1


def test_silence_is_told_and_not_repeated(http: BlockingHttp) -> None:
    enough = threading.Event()

    def answer(call: Call) -> Said:
        if call.path == "/slow":
            enough.wait(5)
        return Said()

    with serve(answer) as server:
        http.send(Request("GET", server.url))
        with pytest.raises(Unavailable, match="no answer in time"):
            http.send(Request("GET", f"{server.url}/slow"), timeout=0.1)
        enough.set()
    assert [call.path for call in server.calls] == ["/", "/slow"]


def test_refusal_of_an_upload_is_heard_though_the_server_reads_no_further(
    http: BlockingHttp,
) -> None:
    class Large:
        def __iter__(self) -> Iterator[bytes]:
            for _ in range(200):
                yield b"x" * 256 * 1024

    with serve(always(Said(413, {}, b"too large", and_close=True))) as server:
        server.leaves_bodies_unread = True
        assert http.send(Request("POST", server.url, {}, Large())).status == 413


@pytest.mark.parametrize(
    "raw",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nhalf",
        b"nonsense\r\n\r\n",
        b"",
    ],
)
def test_a_broken_answer_is_unavailable(http: BlockingHttp, raw: bytes) -> None:
    with serve(always(Said(raw=raw))) as server:
        url = f"http://me:secret@127.0.0.1:{server.port}/path?private=1"
        with pytest.raises(Unavailable) as caught:
            http.send(Request("GET", url))
        assert str(caught.value).startswith(f"GET http://127.0.0.1:{server.port}/path: ")
        with pytest.raises(Unavailable):
            read_all(http, Request("GET", url))


@pytest.mark.parametrize("url", ["http://127.0.0.1:port/", "http://127.0.0.1:1/a b"])
def test_no_url_at_all_is_unavailable(http: BlockingHttp, url: str) -> None:
    with pytest.raises(Unavailable, match="no valid URL"):
        http.send(Request("GET", url))


def test_trusts_the_ca_handed_over_and_nobody_unknown() -> None:
    ca = authority()
    with serve(always(Said(body=b"ok")), ca.server()) as server:
        trusting = BlockingHttp(user_agent="test", ca_text=ca.pem)
        assert trusting.send(Request("GET", server.url)).body == b"ok"
        assert trusting.send(Request("GET", server.url)).body == b"ok"
        trusting.close()
        with pytest.raises(Rejected, match=r"certificate of 127.0.0.1 is not trusted"):
            BlockingHttp(user_agent="test").send(Request("GET", server.url))


def test_shows_its_own_certificate(tmp_path: Path) -> None:
    ca, clients = authority(), authority()
    (tmp_path / "client.pem").write_text("\n".join(clients.client_pair("runner")))
    with serve(always(Said(body=b"known")), ca.server(client_ca=clients.ca)) as server:
        file = str(tmp_path / "client.pem")
        let_in = BlockingHttp(user_agent="test", ca_text=ca.pem, client_file=file)
        assert let_in.send(Request("GET", server.url)).body == b"known"
        let_in.close()
        with pytest.raises(ServiceError):
            BlockingHttp(user_agent="test", ca_text=ca.pem).send(Request("GET", server.url))


def test_the_helper_loads_no_event_loop() -> None:
    code = (
        "import sys, podlane.clients.gitlab.blocking\n"
        "print(*{'asyncio', 'aiohttp', 'yaml', 'email.message_from_file'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""
