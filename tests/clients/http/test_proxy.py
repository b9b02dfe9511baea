"""Which proxy a URL goes through, and both senders going through a real one."""

from __future__ import annotations

import asyncio
import base64
import socket
import threading
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from harness.certificates import authority
from harness.http_server import Said, always, serve
from podlane.clients.http.blocking import BlockingHttp
from podlane.clients.http.proxy import Proxy, find_proxy, is_direct
from podlane.clients.http.request import Answer, Request
from podlane.clients.http.session import HttpSession
from podlane.clients.http.tls import TlsFiles
from podlane.core.text.token import Token
from podlane.errors import Unavailable

LISTED = "10.96.0.0/12, .svc,example.org, intern.test:8443,192.0.2.7,[2001:db8::1]:80,fd00::/8"


@pytest.mark.parametrize(
    ("url", "direct"),
    [
        ("https://gitlab.example.com", False),
        ("https://10.96.0.1:443", True),
        ("https://10.112.0.1", False),
        ("https://kubernetes.default.svc", True),
        ("https://svc", False),
        ("https://example.org", True),
        ("https://EXAMPLE.org.", True),
        ("https://git.example.org:8080", True),
        ("https://notexample.org", False),
        ("https://intern.test:8443", True),
        ("https://a.intern.test:8443", True),
        ("https://intern.test", False),
        ("http://192.0.2.7:81", True),
        ("http://192.0.2.70", False),
        ("http://[2001:db8::1]", True),
        ("http://[2001:db8::1]:81", False),
        ("http://[fd00::5]:9", True),
        ("http://localhost:1", True),
        ("http://127.0.0.5:1", True),
        ("http://[::1]:1", True),
    ],
)
def test_no_proxy_is_read_as_go_reads_it(url: str, direct: bool) -> None:
    assert is_direct(url, LISTED) is direct


def test_star_means_no_proxy_at_all() -> None:
    assert is_direct("https://gitlab.example.com", "nothing.test, *")


@pytest.mark.parametrize(
    ("environ", "proxy"),
    [
        ({}, None),
        ({"HTTP_PROXY": "http://p.test:3128"}, None),  # that one is for http URLs
        ({"HTTPS_PROXY": "http://p.test:3128"}, Proxy("http", "p.test", 3128)),
        ({"https_proxy": "p.test"}, Proxy("http", "p.test", 80)),
        (
            {"HTTPS_PROXY": "http://me:a%40b@p.test:3128"},
            Proxy("http", "p.test", 3128, "me", Token("a@b")),
        ),
        ({"HTTPS_PROXY": "http://p.test", "NO_PROXY": "example.com"}, None),
        ({"HTTPS_PROXY": "http://p.test:port"}, None),
        ({"HTTPS_PROXY": ""}, None),
    ],
)
def test_proxy_of_the_environment(environ: dict[str, str], proxy: Proxy | None) -> None:
    assert find_proxy("https://gitlab.example.com/api", environ) == proxy


def test_password_of_a_proxy_is_not_shown() -> None:
    proxy = find_proxy("http://a.test", {"HTTP_PROXY": "http://me:hidden@p.test:1"})
    assert proxy is not None
    assert "hidden" not in repr(proxy) + proxy.url


Send = Callable[..., Awaitable[Answer]]


@pytest.fixture(params=["asyncio", "blocking"])
def send(request: pytest.FixtureRequest, tmp_path: Path) -> Send:
    """Send one request through whatever the environment says: a function of request and CA."""

    async def by_asyncio(asked: Request, ca: str = "") -> Answer:
        file = tmp_path / "proxy-ca.crt"
        file.write_text(ca)
        session = HttpSession(TlsFiles(str(file) if ca else ""), user_agent="test")
        try:
            return await session.send(asked, timeout=10)
        finally:
            await session.close()

    async def by_blocking(asked: Request, ca: str = "") -> Answer:
        http = BlockingHttp(user_agent="test", ca_text=ca)
        try:
            return await asyncio.to_thread(http.send, asked, timeout=10)
        finally:
            http.close()

    return by_asyncio if request.param == "asyncio" else by_blocking


async def test_plain_http_goes_through_the_proxy(
    send: Send, monkeypatch: pytest.MonkeyPatch
) -> None:
    with serve(always(Said(200, {}, b"from the proxy"))) as proxy:
        monkeypatch.setenv("HTTP_PROXY", f"http://me:secret@127.0.0.1:{proxy.port}")
        answer = await send(Request("GET", "http://gitlab.test:8080/api?x=1"))
    assert answer.body == b"from the proxy"
    (call,) = proxy.calls
    assert call.path == "http://gitlab.test:8080/api?x=1"
    assert call.headers["host"] == "gitlab.test:8080"
    assert call.headers["proxy-authorization"] == _basic("me:secret")


async def test_tls_goes_through_a_tunnel(send: Send, monkeypatch: pytest.MonkeyPatch) -> None:
    ca = authority()
    with (
        serve(always(Said(200, {}, b"inside")), ca.server("gitlab.test")) as target,
        tunnel(target.port) as (port, heads),
    ):
        monkeypatch.setenv("HTTPS_PROXY", f"http://me:secret@127.0.0.1:{port}")
        answer = await send(Request("GET", "https://gitlab.test/api"), ca.pem)
    assert answer.body == b"inside"
    assert heads[0].startswith(b"CONNECT gitlab.test:443 ")
    assert _basic("me:secret").encode() in heads[0]
    assert "proxy-authorization" not in target.calls[0].headers


async def test_refusal_of_a_proxy_is_told_without_its_password(
    send: Send, monkeypatch: pytest.MonkeyPatch
) -> None:
    with serve(always(Said(407, {}, b""))) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", f"http://me:secret@127.0.0.1:{proxy.port}")
        with pytest.raises(Unavailable, match="407") as caught:
            await send(Request("GET", "https://gitlab.test/api?private=1"))
    assert "secret" not in str(caught.value)
    assert "private" not in str(caught.value)


def _basic(pair: str) -> str:
    return f"Basic {base64.b64encode(pair.encode()).decode()}"


class tunnel:
    """A proxy that tunnels every CONNECT to one port; gives its port and the heads it read."""

    def __init__(self, target: int) -> None:
        self._target = target
        self._heads: list[bytes] = []

    def __enter__(self) -> tuple[int, list[bytes]]:
        self._listener = socket.create_server(("127.0.0.1", 0))
        threading.Thread(target=self._serve, daemon=True).start()
        return self._listener.getsockname()[1], self._heads

    def __exit__(self, *_: object) -> None:
        self._listener.close()

    def _serve(self) -> None:
        try:
            while True:
                client, _ = self._listener.accept()
                threading.Thread(target=self._relay, args=(client,), daemon=True).start()
        except OSError:
            return

    def _relay(self, client: socket.socket) -> None:
        with client, socket.create_connection(("127.0.0.1", self._target)) as server:
            head = b""
            while b"\r\n\r\n" not in head:
                head += client.recv(4096)
            self._heads.append(head)
            client.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
            back = threading.Thread(target=_pump, args=(server, client), daemon=True)
            back.start()
            _pump(client, server)
            back.join(5)


def _pump(source: socket.socket, sink: socket.socket) -> None:
    try:
        while data := source.recv(65536):
            sink.sendall(data)
        sink.shutdown(socket.SHUT_WR)
    except OSError:
        return
