"""HTTP on blocking sockets, for the helper: it starts in milliseconds and needs little memory.

One kept connection for each host. A request that meets a connection which the server has closed
meanwhile is sent once more.
"""

from __future__ import annotations

import http.client
import os
import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from urllib.parse import urlsplit

from podlane.clients.http import trouble
from podlane.clients.http.proxy import Proxy, find_proxy
from podlane.clients.http.request import Answer, Request
from podlane.errors import ServiceError

_BLOCK = 256 * 1024
TROUBLE = (OSError, http.client.HTTPException)
_Key = tuple[str, str, int]


class BlockingHttp:
    """Not for several threads at once: each thread has its own."""

    def __init__(self, *, user_agent: str, ca_text: str = "") -> None:
        self._user_agent = user_agent
        self._ca_text = ca_text
        self._tls: ssl.SSLContext | None = None
        self._kept: dict[_Key, http.client.HTTPConnection] = {}

    def send(self, request: Request, *, timeout: float = 60) -> Answer:
        """Send and read the whole answer. Unavailable on trouble on the way."""
        with self.stream(request, timeout=timeout) as response:
            try:
                body = response.read()
            except TROUBLE as error:
                raise self.trouble(request, error) from error
            return Answer(response.status, lower(response), body)

    @contextmanager
    def stream(self, request: Request, *, timeout: float) -> Iterator[http.client.HTTPResponse]:
        """Send, and let the caller read the answer as it comes (`read_blocks`)."""
        try:
            key = _key(request)
        except ValueError as error:
            raise trouble.unavailable(request, "gitlab", "this is no valid URL") from error
        is_reused = key in self._kept
        try:
            response = self._ask(key, request, timeout)
        except TROUBLE as error:
            self._drop(key)
            if not (is_reused and _is_closed(error) and not isinstance(request.body, Iterator)):
                raise self.trouble(request, error) from error
            response = self._ask_anew(key, request, timeout)
        try:
            yield response
        finally:
            if not response.isclosed():
                self._drop(key)

    def read_blocks(self, request: Request, response: http.client.HTTPResponse) -> Iterator[bytes]:
        """The body in pieces; Unavailable when it ends before its end."""
        try:
            while block := response.read(_BLOCK):
                yield block
        except TROUBLE as error:
            raise self.trouble(request, error) from error
        if response.length:
            raise trouble.unavailable(request, "gitlab", "the answer was cut short")

    def close(self) -> None:
        for key in list(self._kept):
            self._drop(key)

    def trouble(self, request: Request, error: BaseException) -> ServiceError:
        if isinstance(error, ssl.SSLCertVerificationError):
            return trouble.untrusted(request, "gitlab", error)
        if isinstance(error, http.client.InvalidURL):
            return trouble.unavailable(request, "gitlab", "this is no valid URL")
        if isinstance(error, http.client.HTTPException) and not isinstance(error, OSError):
            return trouble.unavailable(request, "gitlab", "the answer is broken or cut short")
        return trouble.unavailable(request, "gitlab", trouble.reason(error))

    def _ask_anew(self, key: _Key, request: Request, timeout: float) -> http.client.HTTPResponse:
        try:
            return self._ask(key, request, timeout)
        except TROUBLE as error:
            self._drop(key)
            raise self.trouble(request, error) from error

    def _ask(self, key: _Key, request: Request, timeout: float) -> http.client.HTTPResponse:
        proxy = find_proxy(request.url, os.environ)
        connection = self._kept.get(key)
        if connection is None:
            connection = self._kept[key] = self._connect(key, proxy, timeout)
        if connection.sock is not None:
            connection.sock.settimeout(timeout)
        headers = self._headers(request)
        if proxy is not None and key[0] == "http":
            headers |= proxy.headers()
        try:
            connection.request(
                request.method,
                _target(request, is_whole=proxy is not None and key[0] == "http"),
                request.body,
                headers,
                encode_chunked=not isinstance(request.body, bytes),
            )
        except (BrokenPipeError, ConnectionResetError):
            if isinstance(request.body, bytes):
                raise
            # a server that refuses an upload answers and hangs up before it has read it all
            return connection.getresponse()
        return connection.getresponse()

    def _headers(self, request: Request) -> dict[str, str]:
        headers = {
            "User-Agent": self._user_agent,
            "Accept-Encoding": "identity",
            "X-Request-Id": os.urandom(16).hex(),
        } | dict(request.headers)
        if not isinstance(request.body, bytes):
            headers["Transfer-Encoding"] = "chunked"
        return headers

    def _connect(
        self, key: _Key, proxy: Proxy | None, timeout: float
    ) -> http.client.HTTPConnection:
        scheme, host, port = key
        to_host, to_port = (proxy.host, proxy.port) if proxy else (host, port)
        if scheme == "http":
            return http.client.HTTPConnection(to_host, to_port, timeout=timeout, blocksize=_BLOCK)
        connection = http.client.HTTPSConnection(
            to_host, to_port, timeout=timeout, context=self._context(), blocksize=_BLOCK
        )
        if proxy is not None:
            connection.set_tunnel(host, port, proxy.headers())
        return connection

    def _context(self) -> ssl.SSLContext:
        if self._tls is None:
            from podlane.clients.http.tls import make_context

            self._tls = make_context(ca_text=self._ca_text)
        return self._tls

    def _drop(self, key: _Key) -> None:
        connection = self._kept.pop(key, None)
        if connection is not None:
            connection.close()


def _key(request: Request) -> _Key:
    parts = urlsplit(request.url)
    is_tls = parts.scheme == "https"
    return parts.scheme, parts.hostname or "", parts.port or (443 if is_tls else 80)


def _target(request: Request, *, is_whole: bool) -> str:
    parts = urlsplit(request.url)
    path = f"{parts.path or '/'}{'?' + parts.query if parts.query else ''}"
    return f"http://{parts.netloc.rpartition('@')[2]}{path}" if is_whole else path


def _is_closed(error: BaseException) -> bool:
    """Tell whether the server had hung up, which a kept connection may show only now."""
    return isinstance(error, ConnectionError | ssl.SSLEOFError | ssl.SSLZeroReturnError)


def lower(response: http.client.HTTPResponse) -> Mapping[str, str]:
    return {name.lower(): value for name, value in response.getheaders()}
