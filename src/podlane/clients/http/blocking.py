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

from podlane.clients.http import trouble
from podlane.clients.http.address import BLOCK, Address, address, connection, target
from podlane.clients.http.proxy import find_proxy
from podlane.clients.http.request import Answer, Request
from podlane.errors import ServiceError

TROUBLE = (OSError, http.client.HTTPException)


class BlockingHttp:
    """Not for several threads at once: each thread has its own."""

    def __init__(self, *, user_agent: str, ca_text: str = "", client_file: str = "") -> None:
        self._user_agent = user_agent
        self._ca_text = ca_text
        self._client_file = client_file
        self._tls: ssl.SSLContext | None = None
        self._kept: dict[Address, http.client.HTTPConnection] = {}
        self._spoiled: set[Address] = set()  # half a request went over them: not for another

    def send(
        self, request: Request, *, timeout: float = 60, patience: float | None = None
    ) -> Answer:
        """Send and read the whole answer. Unavailable on trouble on the way."""
        with self.stream(request, timeout=timeout, patience=patience) as response:
            try:
                body = response.read()
            except TROUBLE as error:
                raise self.trouble(request, error) from error
            return Answer(response.status, lower(response), body)

    @contextmanager
    def stream(
        self, request: Request, *, timeout: float, patience: float | None = None
    ) -> Iterator[http.client.HTTPResponse]:
        """Send, and let the caller read the answer as it comes (`read_blocks`).

        `timeout`: seconds without a byte either way; `patience`: until the answer begins.
        """
        try:
            key = address(request.url)
        except ValueError as error:
            raise trouble.unavailable(request, "gitlab", "this is no valid URL") from error
        is_reused = key in self._kept
        try:
            response = self._ask(key, request, timeout, patience)
        except TROUBLE as error:
            self._drop(key)
            if not (is_reused and _is_closed(error) and not isinstance(request.body, Iterator)):
                raise self.trouble(request, error) from error
            response = self._ask_anew(key, request, timeout, patience)
        except BaseException:  # of the body, when the job is over: half a request is on its way
            self._drop(key)
            raise
        try:
            yield response
        finally:
            if not response.isclosed() or key in self._spoiled:
                self._drop(key)

    def read_blocks(self, request: Request, response: http.client.HTTPResponse) -> Iterator[bytes]:
        """The body in pieces; Unavailable when it ends before its end."""
        try:
            while block := response.read(BLOCK):
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

    def _ask_anew(
        self, key: Address, request: Request, timeout: float, patience: float | None
    ) -> http.client.HTTPResponse:
        try:
            return self._ask(key, request, timeout, patience)
        except TROUBLE as error:
            self._drop(key)
            raise self.trouble(request, error) from error

    def _ask(
        self, key: Address, request: Request, timeout: float, patience: float | None
    ) -> http.client.HTTPResponse:
        proxy = find_proxy(request.url, os.environ)
        line = self._kept.get(key)
        if line is None:
            line = self._kept[key] = connection(key, proxy, timeout, self._context)
        if line.sock is not None:
            line.sock.settimeout(timeout)
        headers = self._headers(request)
        is_whole = proxy is not None and key.scheme == "http"
        if proxy is not None and is_whole:
            headers |= proxy.headers()
        try:
            line.request(
                request.method,
                target(request.url, is_whole=is_whole),
                request.body,
                headers,
                encode_chunked=not isinstance(request.body, bytes),
            )
        except (BrokenPipeError, ConnectionResetError, ssl.SSLEOFError):
            if isinstance(request.body, bytes):
                raise
            # a server that refuses an upload answers and hangs up before it has read it all
            self._spoiled.add(key)
        socket = line.sock
        if patience is None or socket is None:
            return line.getresponse()
        socket.settimeout(patience)
        response = line.getresponse()
        socket.settimeout(timeout)
        return response

    def _headers(self, request: Request) -> dict[str, str]:
        headers = {
            "User-Agent": self._user_agent,
            "Accept-Encoding": "identity",
            "X-Request-Id": os.urandom(16).hex(),
        } | dict(request.headers)
        if not isinstance(request.body, bytes) and "Content-Length" not in headers:
            headers["Transfer-Encoding"] = "chunked"
        return headers

    def _context(self) -> ssl.SSLContext:
        if self._tls is None:
            from podlane.clients.http.tls import TlsFiles, make_context

            files = TlsFiles(cert_file=self._client_file)
            self._tls = make_context(files, ca_text=self._ca_text)
        return self._tls

    def _drop(self, key: Address) -> None:
        self._spoiled.discard(key)
        line = self._kept.pop(key, None)
        if line is not None:
            line.close()


def _is_closed(error: BaseException) -> bool:
    """Tell whether the server had hung up, which a kept connection may show only now."""
    return isinstance(error, ConnectionError | ssl.SSLEOFError | ssl.SSLZeroReturnError)


def lower(response: http.client.HTTPResponse) -> Mapping[str, str]:
    return {name.lower(): value for name, value in response.getheaders()}
