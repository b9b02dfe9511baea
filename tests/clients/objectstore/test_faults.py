"""What goes wrong on the way to a store, and what is said of it."""

from __future__ import annotations

import re
import socket
import threading
import time
from pathlib import Path

import pytest

from harness import certificates
from harness.http_server import Call, Said, Server, always, serve
from podlane.clients.objectstore import line, s3
from podlane.clients.objectstore.answers import SILENT
from podlane.clients.objectstore.crew import CutOff
from podlane.clients.objectstore.fetch import PIECE, Changed, Fetch
from podlane.clients.objectstore.line import Line, Site
from podlane.core.plan.store import S3Parts, Signed
from podlane.core.text.token import Token
from podlane.errors import Gone, PodlaneError, Rejected, ServiceError, Unavailable
from stores import steps

CONTENT = b"".join(bytes([n % 251]) * 65536 for n in range(3 * PIECE // 65536)) + b"end"
SECRET = "X-Amz-Signature=very-secret"


def signed(server: Server) -> Signed:
    return Signed(Token(f"{server.url}/bucket/object?{SECRET}"))


def part(call: Call, etag: str = '"one"', content: bytes = CONTENT) -> Said:
    """What a store with ranges answers."""
    first, last = map(int, re.findall(r"\d+", call.headers["range"]))
    last = min(last, len(content) - 1)
    headers = {"Content-Range": f"bytes {first}-{last}/{len(content)}", "ETag": etag}
    return Said(206, headers, content[first : last + 1])


def get(server: Server, tmp_path: Path) -> bytes:
    steps.get(tmp_path / "target", signed(server))
    return (tmp_path / "target").read_bytes()


@pytest.fixture(autouse=True)
def _no_long_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("podlane.clients.objectstore.fetch._PAUSE", 0.01)
    monkeypatch.setattr("podlane.clients.objectstore.upload._PAUSE", 0.01)


def test_ranges_side_by_side(tmp_path: Path) -> None:
    with serve(part) as server:
        assert get(server, tmp_path) == CONTENT
        assert len(server.calls) == 4
        assert [call.headers.get("if-match") for call in server.calls].count('"one"') == 3


def test_a_range_that_breaks_off_goes_on_where_it_broke(tmp_path: Path) -> None:
    left = [True]

    def answer(call: Call) -> Said:
        said = part(call)
        if f"bytes={PIECE}-" in call.headers["range"] and left.pop(0) if left else False:
            head = f'HTTP/1.1 206 OK\r\nContent-Length: {PIECE}\r\nETag: "one"\r\n'
            head += f"Content-Range: {said.headers['Content-Range']}\r\n\r\n"
            assert isinstance(said.body, bytes)
            return Said(raw=head.encode() + said.body[: 1024 * 1024])
        return said

    with serve(answer) as server:
        assert get(server, tmp_path) == CONTENT
        asked = [call.headers["range"] for call in server.calls]
        assert f"bytes={PIECE + 1024 * 1024}-{2 * PIECE - 1}" in asked


def test_no_ranges(tmp_path: Path) -> None:
    with serve(always(Said(200, {}, CONTENT))) as server:
        assert get(server, tmp_path) == CONTENT
        assert len(server.calls) == 1


def test_no_ranges_and_no_length(tmp_path: Path) -> None:
    with serve(always(Said(200, {}, [CONTENT[:PIECE], CONTENT[PIECE:]]))) as server:
        assert get(server, tmp_path) == CONTENT


def test_truncated_again_and_again(tmp_path: Path) -> None:
    head = f"HTTP/1.1 200 OK\r\nContent-Length: {len(CONTENT)}\r\n\r\n".encode()
    with serve(always(Said(raw=head + CONTENT[:100]))) as server:
        with pytest.raises(Unavailable, match=r"^127\.0\.0\.1: the answer was cut short$"):
            get(server, tmp_path)
        assert len(server.calls) == 3


def test_a_shorter_second_try_leaves_nothing_of_the_first(tmp_path: Path) -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n"
    with serve(always(Said(raw=head + bytes(4000)), Said(200, {}, b"short"))) as server:
        assert get(server, tmp_path) == b"short"


@pytest.mark.parametrize("later", [Said(412), Said(416), None])
def test_an_object_that_is_replaced_meanwhile(tmp_path: Path, later: Said | None) -> None:
    def answer(call: Call) -> Said:
        if "if-match" not in call.headers:
            return part(call)
        return later or part(call, '"two"')

    with serve(answer) as server, pytest.raises(Changed):
        get(server, tmp_path)


def test_another_range_than_asked(tmp_path: Path) -> None:
    def answer(call: Call) -> Said:
        said = part(call)
        if "if-match" in call.headers:
            said.headers["Content-Range"] = f"bytes 0-{PIECE - 1}/{len(CONTENT)}"
        return said

    with serve(answer) as server, pytest.raises(Unavailable, match="another range"):
        get(server, tmp_path)


def test_busy_and_then_not(tmp_path: Path) -> None:
    left = [Said(503), Said(500)]

    def answer(call: Call) -> Said:
        return left.pop(0) if left else part(call)

    with serve(answer) as server:
        assert get(server, tmp_path) == CONTENT


@pytest.mark.parametrize(
    ("said", "kind", "message"),
    [
        (Said(403, {}, b"<Error><Code>AccessDenied</Code>"), Rejected, "403 (AccessDenied)"),
        (Said(403, {"x-ms-error-code": "AuthenticationFailed"}), Rejected, "403 (Auth"),
        (Said(403, {}, f"<Code>{SECRET}</Code>".encode()), Rejected, "answered 403"),
        (Said(404, {}, b"<Code>NoSuchKey</Code>"), Gone, "404 (NoSuchKey)"),
        (Said(500), Unavailable, "answered 500"),
        (Said(302), Rejected, "answered 302"),
        (Said(raw=b"what is this\r\n\r\n"), Unavailable, "broken or cut short"),
        (Said(raw=b""), Unavailable, "127.0.0.1: "),
    ],
)
def test_refusals(tmp_path: Path, said: Said, kind: type[ServiceError], message: str) -> None:
    with serve(always(said)) as server, pytest.raises(kind) as told:
        get(server, tmp_path)
    assert message in str(told.value)
    assert "secret" not in str(told.value)
    assert "object" not in str(told.value)


def test_nobody_there(tmp_path: Path) -> None:
    with serve(always(Said())) as server:
        pass
    with pytest.raises(Unavailable, match=r"^127\.0\.0\.1: connection refused$"):
        get(server, tmp_path)


def test_no_url_at_all(tmp_path: Path) -> None:
    wrong = Signed(Token(f"http://host:port/{SECRET}"))
    with pytest.raises(Unavailable) as told:
        steps.get(tmp_path / "target", wrong)
    assert "secret" not in str(told.value)


def test_no_answer_is_waited_for_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(line, "PATIENCE", 0.2)
    ends = threading.Event()

    def answer(call: Call) -> Said:
        ends.wait(10)
        return Said()

    with serve(answer) as server:
        with pytest.raises(Unavailable, match="no answer in time") as told:
            get(server, tmp_path)
        assert told.value.details == SILENT
        assert len(server.calls) == 1
        ends.set()


def test_cut_off_at_once(tmp_path: Path) -> None:
    ends = threading.Event()

    def answer(call: Call) -> Said:
        if "if-match" in call.headers:
            ends.wait(20)
        return part(call)

    with serve(answer) as server, (tmp_path / "target").open("w+b") as file:
        crew, done = steps.crew_of()
        fetch = Fetch(crew, signed(server), file.fileno(), lambda found: True)
        crew.start(1, fetch.begin)
        while len(server.calls) < 4:
            assert not done.wait(0.01)
        started = time.monotonic()
        crew.cut()
        assert done.wait(1)
        assert time.monotonic() - started < 1
        ends.set()
    with pytest.raises(CutOff):
        crew.check()


def test_an_upload_that_is_refused_before_it_was_read(tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.write_bytes(bytes(64 * 1024 * 1024))
    said = Said(403, {}, b"<Code>AccessDenied</Code>", and_close=True)
    with serve(always(said)) as server:
        server.leaves_bodies_unread = True
        with pytest.raises(Rejected, match=r"answered 403 \(AccessDenied\)$"):
            steps.put(source, signed(server))
        assert len(server.calls) == 1


def test_an_upload_that_is_refused_while_it_is_sent(tmp_path: Path) -> None:
    """The store says no, reads no further, and leaves the connection open."""
    source = tmp_path / "source"
    source.write_bytes(bytes(64 * 1024 * 1024))
    ends = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as store:

        def refuse() -> None:
            peer, _ = store.accept()
            with peer:
                peer.recv(1000)
                peer.sendall(b"HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n")
                ends.wait(20)

        thread = threading.Thread(target=refuse, daemon=True)
        thread.start()
        url = Token(f"http://127.0.0.1:{store.getsockname()[1]}/x?{SECRET}")
        started = time.monotonic()
        with pytest.raises(Rejected, match=r"answered 403$"):
            steps.put(source, Signed(url))
        assert time.monotonic() - started < 10
        ends.set()
        thread.join()


def test_an_upload_that_is_taken_at_the_second_try(tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.write_bytes(CONTENT)
    with serve(always(Said(503), Said(200, {"ETag": '"e"'}))) as server:
        assert steps.put(source, signed(server)).etag == '"e"'
        assert [call.body == CONTENT for call in server.calls] == [True, True]
        assert server.calls[0].headers["content-length"] == str(len(CONTENT))
        assert "transfer-encoding" not in server.calls[0].headers


@pytest.mark.parametrize("is_tls", [False, True])
def test_a_file_that_becomes_shorter(tmp_path: Path, is_tls: bool) -> None:
    source = tmp_path / "source"
    source.write_bytes(b"short")
    authority = certificates.authority()
    site = Site(user_agent="test", ca_text=authority.pem)
    context = authority.server() if is_tls else None
    with serve(always(Said(200)), context) as server, source.open("rb") as file:
        body = line.Slice(file.fileno(), 0, 5000)
        ask = line.Ask("PUT", server.url, {}, body)
        with pytest.raises(Rejected, match="became shorter"):
            steps.alone(lambda own: own.ask(ask), site)


def test_an_upload_over_tls(tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.write_bytes(CONTENT)
    authority = certificates.authority()
    site = Site(user_agent="test", ca_text=authority.pem)
    with serve(always(Said(200, {"ETag": '"e"'})), authority.server()) as server:
        assert steps.put(source, signed(server), site).etag == '"e"'
        assert server.calls[0].body == CONTENT


def test_headers_that_were_signed_are_sent(tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.write_bytes(b"x")
    with serve(always(Said(200))) as server:
        one = Signed(signed(server).url, {"x-ms-blob-type": Token("BlockBlob")})
        steps.put(source, one)
        assert server.calls[0].headers["x-ms-blob-type"] == "BlockBlob"
        assert server.calls[0].path.endswith(SECRET)


def test_parts_that_cannot_be_put_together(tmp_path: Path) -> None:
    """S3 answers 200 before it knows."""
    source = tmp_path / "source"
    source.write_bytes(b"x")
    broken = Said(200, {}, b"  <Error><Code>InvalidPart</Code></Error>")

    def answer(call: Call) -> Said:
        return broken if call.method == "POST" else Said(200, {"ETag": '"e"'})

    with serve(answer) as server:
        one = signed(server)
        way = s3.Parts(S3Parts((one,), one, one))
        with pytest.raises(Rejected, match=r"could not put the parts together \(InvalidPart\)"):
            steps.put_pieces(source, way)


def test_together_already_when_the_answer_was_lost(tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.write_bytes(b"x")
    posts = always(Said(raw=b""), Said(404))

    def answer(call: Call) -> Said:
        return posts(call) if call.method == "POST" else Said(200, {"ETag": '"e"'})

    with serve(answer) as server:
        one = signed(server)
        assert steps.put_pieces(source, s3.Parts(S3Parts((one,), one, one))).etag == ""


def test_a_redirect_is_followed(tmp_path: Path) -> None:
    with serve(part) as there, serve(always(Said(307, {"Location": f"{there.url}/x"}))) as here:
        assert get(here, tmp_path) == CONTENT


def test_a_kept_connection_that_was_closed_is_made_anew() -> None:
    """The server hangs up after each answer without a word of it."""
    raw = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
    with serve(always(Said(raw=raw))) as server:
        ask = line.Ask("GET", server.url)

        def twice(own: Line) -> None:
            for _ in range(2):
                own.ask(ask).read()

        steps.alone(twice)
        assert server.connections == 2


def test_a_certificate_that_is_not_trusted(tmp_path: Path) -> None:
    authority = certificates.authority()
    with serve(part, authority.server()) as server:
        with pytest.raises(Rejected, match=r"^the certificate of 127\.0\.0\.1 is not trusted: "):
            get(server, tmp_path)
        site = Site(user_agent="test", ca_text=authority.pem)
        steps.get(tmp_path / "target", signed(server), site=site)
        assert (tmp_path / "target").read_bytes() == CONTENT


def test_a_full_disk_is_no_matter_of_the_store() -> None:
    with serve(part) as server, Path("/dev/full").open("wb") as file:
        crew, done = steps.crew_of()
        fetch = Fetch(crew, signed(server), file.fileno(), lambda found: True)
        with pytest.raises(OSError, match="No space left") as told:
            steps.finish(crew, done, (1, fetch.begin))
    assert not isinstance(told.value, PodlaneError)
