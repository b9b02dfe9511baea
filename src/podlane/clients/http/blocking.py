"""HTTP on blocking sockets, for the helper: it starts in milliseconds and needs little memory.

One kept connection for each host. A request that meets a connection which the server has closed
meanwhile is sent once more.
"""

from __future__ import annotations

import http.client
import socket
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from podlane.clients.http.request import Answer, Request
from podlane.errors import Unavailable

if TYPE_CHECKING:
    import ssl

_BLOCK = 256 * 1024
Key = tuple[str, str, int]


class BlockingHttp:
    """Not for several threads at once: each thread has its own."""

    def __init__(self, *, user_agent: str, ca_text: str = "") -> None:
        self._user_agent = user_agent
        self._ca_text = ca_text
        self._tls: ssl.SSLContext | None = None
        self._kept: dict[Key, http.client.HTTPConnection] = {}

    def send(self, request: Request, *, timeout: float = 60) -> Answer:
        """Send and read the whole answer. Unavailable on trouble on the way."""
        with self.stream(request, timeout=timeout) as response:
            try:
                body = response.read()
            except (OSError, http.client.HTTPException) as error:
                self.close()
                raise _unavailable(request, error) from error
            return Answer(response.status, lower(response), body)

    @contextmanager
    def stream(self, request: Request, *, timeout: float) -> Iterator[http.client.HTTPResponse]:
        """Send, and let the caller read the answer as it comes."""
        parts = urlsplit(request.url)
        tls = parts.scheme == "https"
        key = (parts.scheme, parts.hostname or "", parts.port or (443 if tls else 80))
        is_reused = key in self._kept
        can_repeat = isinstance(request.body, bytes)
        try:
            response = self._ask(key, request, timeout)
        except (OSError, http.client.HTTPException) as error:
            self._drop(key)
            if not (is_reused and can_repeat):
                raise _unavailable(request, error) from error
            try:
                response = self._ask(key, request, timeout)
            except (OSError, http.client.HTTPException) as second:
                self._drop(key)
                raise _unavailable(request, second) from second
        try:
            yield response
        finally:
            if not response.isclosed():
                self._drop(key)

    def close(self) -> None:
        for key in list(self._kept):
            self._drop(key)

    def _ask(self, key: Key, request: Request, timeout: float) -> http.client.HTTPResponse:
        connection = self._kept.get(key)
        if connection is None:
            connection = self._kept[key] = self._connect(key, timeout)
        if connection.sock is not None:
            connection.sock.settimeout(timeout)
        parts = urlsplit(request.url)
        path = f"{parts.path or '/'}{'?' + parts.query if parts.query else ''}"
        headers = {"User-Agent": self._user_agent, "Accept-Encoding": "identity"} | dict(
            request.headers
        )
        body: bytes | Iterable[bytes] = request.body
        chunked = not isinstance(body, bytes)
        if chunked:
            headers["Transfer-Encoding"] = "chunked"
        connection.request(
            request.method, self._path(key, path), body, headers, encode_chunked=chunked
        )
        return connection.getresponse()

    def _path(self, key: Key, path: str) -> str:
        if key[0] == "http" and _proxy(key):
            return f"http://{key[1]}:{key[2]}{path}"
        return path

    def _connect(self, key: Key, timeout: float) -> http.client.HTTPConnection:
        scheme, host, port = key
        proxy = _proxy(key)
        to_host, to_port = proxy if proxy else (host, port)
        if scheme == "https":
            connection: http.client.HTTPConnection = http.client.HTTPSConnection(
                to_host, to_port, timeout=timeout, context=self._context(), blocksize=_BLOCK
            )
            if proxy:
                connection.set_tunnel(host, port)
        else:
            connection = http.client.HTTPConnection(
                to_host, to_port, timeout=timeout, blocksize=_BLOCK
            )
        connection.connect()
        if connection.sock is not None:
            connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return connection

    def _context(self) -> ssl.SSLContext:
        if self._tls is None:
            from podlane.clients.http.tls import make_context

            self._tls = make_context(ca_text=self._ca_text)
        return self._tls

    def _drop(self, key: Key) -> None:
        connection = self._kept.pop(key, None)
        if connection is not None:
            connection.close()


def _proxy(key: Key) -> tuple[str, int] | None:
    """The proxy that the environment names for this host, if any."""
    import os

    scheme, host, _ = key
    if not any(name in os.environ for name in (f"{scheme}_proxy", f"{scheme.upper()}_PROXY")):
        return None
    from urllib.request import getproxies, proxy_bypass

    proxy = getproxies().get(scheme)
    if not proxy or proxy_bypass(host):
        return None
    parts = urlsplit(proxy if "://" in proxy else f"http://{proxy}")
    return parts.hostname or "", parts.port or 3128


def lower(response: http.client.HTTPResponse) -> dict[str, str]:
    return {name.lower(): value for name, value in response.getheaders()}


def _unavailable(request: Request, error: Exception) -> Unavailable:
    parts = urlsplit(request.url)
    port = f":{parts.port}" if parts.port else ""
    where = f"{request.method} {parts.scheme}://{parts.hostname}{port}{parts.path}"
    return Unavailable(f"{where}: {error or type(error).__name__}", service="gitlab")
