"""The manager's HTTP: what it sends, what faults become, TLS files that change, pools that age."""

from __future__ import annotations

import asyncio
import socket
import ssl
import threading
from asyncio import sslproto
from collections.abc import Callable
from pathlib import Path

import pytest
import uvloop

from harness.certificates import authority
from harness.http_server import Call, Said, always, serve
from podlane.clients.http.request import Request
from podlane.clients.http.session import HttpSession
from podlane.clients.http.tls import NO_FILES, TlsFiles
from podlane.errors import Rejected, ServiceError, Unavailable


async def ask(url: str, tls: TlsFiles = NO_FILES, timeout: float = 5) -> bytes:
    session = HttpSession(tls, user_agent="podlane/test")
    try:
        return (await session.send(Request("GET", url), timeout=timeout)).body
    finally:
        await session.close()


async def test_says_who_asks_and_follows_nothing() -> None:
    headers = {"Location": "/elsewhere", "Set-Cookie": "a=b"}
    with serve(always(Said(302, headers, b"moved"))) as server:
        session = HttpSession(user_agent="podlane/test")
        first = await session.send(Request("POST", f"{server.url}/x", {"A": "b"}, b"body"))
        await session.send(Request("PATCH", f"{server.url}/x", {}, b""))
        await session.close()
    assert (first.status, first.headers["location"], first.body) == (302, "/elsewhere", b"moved")
    one, two = server.calls
    assert one.headers["user-agent"] == "podlane/test"
    assert one.headers["a"] == "b"
    assert one.body == b"body"
    assert len(one.headers["x-request-id"]) == 32
    assert one.headers["x-request-id"] != two.headers["x-request-id"]
    assert "cookie" not in two.headers
    assert two.headers["content-length"] == "0"
    assert server.connections == 1


@pytest.mark.parametrize(
    ("said", "text"),
    [
        (Said(raw=b""), "connection was closed"),
        (Said(raw=b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf"), "connection was closed"),
        (Said(raw=b"SSH-2.0-OpenSSH\r\n\r\n"), "the proxy or server answered 400"),
    ],
)
async def test_a_broken_answer_is_unavailable(said: Said, text: str) -> None:
    with serve(always(said)) as server, pytest.raises(Unavailable, match=text) as caught:
        await ask(f"http://me:secret@127.0.0.1:{server.port}/path?private=1")
    assert str(caught.value).startswith(f"GET http://127.0.0.1:{server.port}/path: ")


async def test_nobody_there_is_unavailable() -> None:
    with socket.create_server(("127.0.0.1", 0)) as unused:
        port = unused.getsockname()[1]
    with pytest.raises(Unavailable) as caught:
        await ask(f"http://127.0.0.1:{port}/")
    assert str(caught.value) == f"GET http://127.0.0.1:{port}/: connection refused"


@pytest.mark.parametrize("url", ["http://127.0.0.1:port/", "nonsense", "http://[::1/"])
async def test_no_url_at_all_is_unavailable(url: str) -> None:
    with pytest.raises(Unavailable):
        await ask(url)


async def test_silence_is_unavailable() -> None:
    enough = threading.Event()

    def answer(call: Call) -> Said:
        enough.wait(5)
        return Said()

    with serve(answer) as server:
        with pytest.raises(Unavailable, match="no answer in time"):
            await ask(server.url, timeout=0.1)
        enough.set()


async def test_trusts_the_ca_file_and_nobody_unknown(tmp_path: Path) -> None:
    ca = authority()
    with serve(always(Said(body=b"secret")), ca.server()) as server:
        assert await ask(server.url, TlsFiles(ca.file(tmp_path))) == b"secret"
        with pytest.raises(Rejected, match=r"certificate of 127.0.0.1 is not trusted") as caught:
            await ask(server.url)
    assert "tls-ca-file" in caught.value.hint
    assert caught.value.details == "certificate"


async def test_a_certificate_for_another_name_is_not_trusted(tmp_path: Path) -> None:
    ca = authority()
    with serve(always(Said()), ca.server("other.test")) as server, pytest.raises(Rejected):
        await ask(server.url, TlsFiles(ca.file(tmp_path)))


async def test_a_servers_own_certificate_may_be_trusted_by_itself(tmp_path: Path) -> None:
    ca = authority()
    with serve(always(Said(body=b"ok")), ca.server()) as server:
        leaf = await asyncio.to_thread(_leaf, server.port, ca.pem)
        (tmp_path / "leaf.crt").write_text(leaf)
        assert await ask(server.url, TlsFiles(str(tmp_path / "leaf.crt"))) == b"ok"


async def test_shows_its_own_certificate(tmp_path: Path) -> None:
    ca, clients = authority(), authority()
    certificate, key = clients.client_pair("runner")
    (tmp_path / "c.crt").write_text(certificate)
    (tmp_path / "c.key").write_text(key)
    pair = TlsFiles(ca.file(tmp_path), str(tmp_path / "c.crt"), str(tmp_path / "c.key"))
    with serve(always(Said(body=b"known")), ca.server(client_ca=clients.ca)) as server:
        assert await ask(server.url, pair) == b"known"
        with pytest.raises(ServiceError):
            await ask(server.url, TlsFiles(pair.ca_file))


async def test_ca_file_is_read_again_when_it_changes(tmp_path: Path) -> None:
    old, new = authority(), authority()
    session = HttpSession(TlsFiles(old.file(tmp_path)), user_agent="test")
    with (
        serve(always(Said(body=b"old")), old.server()) as first,
        serve(always(Said(body=b"new")), new.server()) as second,
    ):
        assert (await session.send(Request("GET", first.url))).body == b"old"
        (tmp_path / "ca.crt").write_text("half a file")
        assert (await session.send(Request("GET", first.url))).body == b"old"
        new.file(tmp_path)
        assert (await session.send(Request("GET", second.url))).body == b"new"
        with pytest.raises(Rejected):
            await session.send(Request("GET", first.url))
        await session.close()


async def test_a_ca_file_that_is_missing_is_told_and_read_once_it_is_there(tmp_path: Path) -> None:
    ca = authority()
    session = HttpSession(TlsFiles(str(tmp_path / "ca.crt")), user_agent="test")
    with serve(always(Said(body=b"ok")), ca.server()) as server:
        with pytest.raises(Unavailable, match=r"cannot use the certificates .*ca.crt"):
            await session.send(Request("GET", server.url))
        ca.file(tmp_path)
        assert (await session.send(Request("GET", server.url))).body == b"ok"
        await session.close()


async def test_an_aged_pool_gives_way_and_ends_with_its_last_answer() -> None:
    asked, go_on = threading.Event(), threading.Event()

    def answer(call: Call) -> Said:
        if call.path == "/slow":
            asked.set()
            go_on.wait(5)
        return Said(body=str(call.connection).encode())

    session = HttpSession(user_agent="test", max_age=0.001)
    with serve(answer) as server:
        async with asyncio.TaskGroup() as tasks:
            slow = tasks.create_task(session.send(Request("GET", f"{server.url}/slow")))
            await asyncio.to_thread(asked.wait, 5)
            second = await session.send(Request("GET", server.url))
            go_on.set()
        third = await session.send(Request("GET", server.url))
        await session.close()
    assert [slow.result().body, second.body, third.body] == [b"1", b"2", b"3"]


async def test_asyncio_keeps_small_buffers_for_tls(tmp_path: Path) -> None:
    """The name is asyncio's own and not public: this tells when it changes."""
    ca = authority()
    with serve(always(Said(body=b"x" * 300_000)), ca.server()) as server:
        assert len(await ask(server.url, TlsFiles(ca.file(tmp_path)))) == 300_000
    assert sslproto.SSLProtocol.max_size == 32 * 1024


async def talk(session: HttpSession, url: str) -> str:
    await session.send(Request("GET", url))
    await session.close()
    return session.ca_certificates()


@pytest.mark.parametrize("loop", [uvloop.new_event_loop, asyncio.new_event_loop])
def test_keeps_the_chain_of_the_server_for_jobs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, loop: Callable[[], asyncio.AbstractEventLoop]
) -> None:
    ca = authority()
    monkeypatch.setenv("SSL_CERT_FILE", ca.file(tmp_path))  # as if the system knew the CA
    session = HttpSession(user_agent="test")
    assert session.ca_certificates() == ""
    with serve(always(Said()), ca.server()) as server:
        with asyncio.Runner(loop_factory=loop) as runner:
            chain = runner.run(talk(session, server.url))
        asyncio.set_event_loop(None)
        monkeypatch.delenv("SSL_CERT_FILE")
        (tmp_path / "chain.crt").write_text(chain)
        trusting = HttpSession(TlsFiles(str(tmp_path / "chain.crt")), user_agent="test")
        with asyncio.Runner() as runner:
            assert runner.run(talk(trusting, server.url)) == chain
        asyncio.set_event_loop(None)
    assert chain.count("BEGIN CERTIFICATE") == 2
    assert ca.pem.strip() in chain


async def test_the_ca_file_goes_before_the_chain(tmp_path: Path) -> None:
    ca = authority()
    with serve(always(Said()), ca.server()) as server:
        session = HttpSession(TlsFiles(ca.file(tmp_path)), user_agent="test")
        assert await talk(session, server.url) == ca.pem


def test_runs_on_uvloop(tmp_path: Path) -> None:
    ca = authority()
    with (
        serve(always(Said(body=b"fast")), ca.server()) as server,
        asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner,
    ):
        assert runner.run(ask(server.url, TlsFiles(ca.file(tmp_path)))) == b"fast"
        with pytest.raises(Rejected, match="not trusted"):
            runner.run(ask(server.url))
    asyncio.set_event_loop(None)


def _leaf(port: int, ca: str) -> str:
    context = ssl.create_default_context(cadata=ca)
    with (
        socket.create_connection(("127.0.0.1", port)) as raw,
        context.wrap_socket(raw, server_hostname="127.0.0.1") as wrapped,
    ):
        der = wrapped.getpeercert(binary_form=True)
    assert der is not None
    return ssl.DER_cert_to_PEM_cert(der)
