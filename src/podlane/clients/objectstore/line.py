"""One connection to an object store, of one thread; any other thread can break it off at once."""

from __future__ import annotations

import contextlib
import http.client
import os
import select
import socket
import ssl
import threading
from collections.abc import Callable, Mapping
from urllib.parse import urljoin

import msgspec

from podlane.clients.http.address import BLOCK, Address, address, connection, target
from podlane.clients.http.proxy import find_proxy
from podlane.clients.objectstore import answers
from podlane.errors import Rejected, Unavailable

PATIENCE = 30.0  # seconds without a byte, either way
_PIECE = 4 * 1024 * 1024
_MOST_OF_A_BODY = 1024 * 1024
_REDIRECTS = (301, 302, 307, 308)
_MOST_REDIRECTS = 3
_TROUBLE = (OSError, http.client.HTTPException)


class Slice(msgspec.Struct, frozen=True):
    """A part of an open file, as the body of a request."""

    descriptor: int
    start: int
    size: int


Body = bytes | Slice


class Ask(msgspec.Struct, frozen=True):
    """One request. `patience`: seconds that the answer may take once all is sent; 0: the usual."""

    method: str
    url: str
    headers: Mapping[str, str] = {}
    body: Body = b""
    patience: float = 0


class Site:
    """What all lines of a helper share: who we say we are, whom we trust."""

    def __init__(self, *, user_agent: str, ca_text: str = "") -> None:
        self.user_agent = user_agent
        self._ca_text = ca_text
        self._context: ssl.SSLContext | None = None
        self._lock = threading.Lock()

    def context(self) -> ssl.SSLContext:
        with self._lock:
            if self._context is None:
                from podlane.clients.http.tls import make_context

                self._context = make_context(ca_text=self._ca_text)
            return self._context


class Line:
    """`moved` is told the bytes of a body as they go out."""

    def __init__(self, site: Site, moved: Callable[[int], None]) -> None:
        self._site = site
        self._moved = moved
        self._kept: http.client.HTTPConnection | None = None
        self._to: Address | None = None
        self._last: http.client.HTTPResponse | None = None
        self._is_spoiled = False
        self._is_cut = False

    def ask(self, ask: Ask) -> http.client.HTTPResponse:
        """Send and return the answer, whatever its status; Unavailable when there is none.

        A kept connection that the server has closed meanwhile is made anew, once.
        """
        for _ in range(_MOST_REDIRECTS):
            response = self._once_or_twice(ask)
            location = response.headers.get("Location", "")
            if response.status not in _REDIRECTS or not location:
                break
            response.close()
            ask = msgspec.structs.replace(ask, url=urljoin(ask.url, location))
        return response

    def read_into(self, host: str, response: http.client.HTTPResponse, buffer: memoryview) -> int:
        """The next bytes of the answer, 0 at its end; Unavailable when it breaks off."""
        try:
            count = response.readinto(buffer)
        except (*_TROUBLE, ValueError) as error:  # ValueError: cut while it was read
            raise answers.silence(host, error) from error
        if count == 0 and response.length:
            raise Unavailable(f"{host}: the answer was cut short", service=answers.SERVICE)
        return count

    def read_all(self, host: str, response: http.client.HTTPResponse) -> bytes:
        """The rest of a short answer."""
        try:
            return response.read(_MOST_OF_A_BODY)
        except _TROUBLE as error:
            raise answers.silence(host, error) from error

    def cut(self) -> None:
        """End what the line is doing, from another thread; it is of no more use."""
        self._is_cut = True
        kept = self._kept
        sock = kept.sock if kept is not None else None
        if sock is not None:
            with contextlib.suppress(OSError):
                socket.socket.shutdown(sock, socket.SHUT_RDWR)  # TLS is not asked for leave

    def close(self) -> None:
        if self._last is not None:
            self._last.close()  # it may have taken the socket over
        if self._kept is not None:
            self._kept.close()
        self._kept, self._last, self._is_spoiled = None, None, False

    def _once_or_twice(self, ask: Ask) -> http.client.HTTPResponse:
        to, host = _address(ask.url)
        is_reused = self._kept is not None and self._kept.sock is not None and self._to == to
        try:
            return self._send(to, ask)
        except _TROUBLE as error:
            self.close()
            if self._is_cut or not (is_reused and isinstance(error, ConnectionError)):
                raise answers.silence(host, error) from error
        try:
            return self._send(to, ask)
        except _TROUBLE as error:
            self.close()
            raise answers.silence(host, error) from error

    def _send(self, to: Address, ask: Ask) -> http.client.HTTPResponse:
        line, is_whole, more = self._open(to, ask)
        line.putrequest(ask.method, target(ask.url, is_whole=is_whole), skip_accept_encoding=True)
        size = len(ask.body) if isinstance(ask.body, bytes) else ask.body.size
        own = {"User-Agent": self._site.user_agent, "Accept-Encoding": "identity"}
        if size or ask.method in ("PUT", "POST"):
            own["Content-Length"] = str(size)
        for name, value in (own | more | dict(ask.headers)).items():
            line.putheader(name, value)
        self._is_spoiled = True  # until all is sent
        line.endheaders()
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            # who refuses an upload answers and hangs up before it has read it all
            self._is_spoiled = not self._send_body(line, ask.body)
        if line.sock is not None:
            line.sock.settimeout(ask.patience or PATIENCE)
        self._last = line.getresponse()
        if line.sock is not None:
            line.sock.settimeout(PATIENCE)
        return self._last

    def _open(
        self, to: Address, ask: Ask
    ) -> tuple[http.client.HTTPConnection, bool, dict[str, str]]:
        """The connection, whether it is to a proxy that wants whole URLs, and what that wants."""
        if self._is_cut:
            raise ConnectionAbortedError
        proxy = find_proxy(ask.url, os.environ)
        is_busy = self._last is not None and not self._last.isclosed()
        if is_busy or self._is_spoiled or self._to != to:
            self.close()
        if self._kept is None:
            self._kept = connection(to, proxy, PATIENCE, self._site.context)
            self._to = to
        if self._kept.sock is not None:
            self._kept.sock.settimeout(PATIENCE)
        is_whole = proxy is not None and to.scheme == "http"
        return self._kept, is_whole, proxy.headers() if proxy is not None and is_whole else {}

    def _send_body(self, line: http.client.HTTPConnection, body: Body) -> bool:
        """Whether all of it was sent: the server may answer before."""
        sock = line.sock
        if self._is_cut or sock is None:
            raise ConnectionAbortedError
        if isinstance(body, bytes):
            if body:
                line.send(body)
            return True
        is_plain = not isinstance(sock, ssl.SSLSocket)
        position, end = body.start, body.start + body.size
        while position < end and not (is_plain and _has_answer(sock)):
            if is_plain:
                count = _copy(sock, body.descriptor, position, min(_PIECE, end - position))
            else:
                data = _read(body.descriptor, position, min(BLOCK, end - position))
                sock.sendall(data)
                count = len(data)
            position += count
            self._moved(count)
        return position == end


def _address(url: str) -> tuple[Address, str]:
    try:
        to = address(url)
    except ValueError as error:
        raise Unavailable("the cache's URL is no valid URL", service=answers.SERVICE) from error
    return to, to.host


def _became_shorter() -> Rejected:
    return Rejected("the file became shorter while it was sent", service=answers.SERVICE)


def _has_answer(sock: socket.socket) -> bool:
    """Whether the server speaks before it has heard all: then it wants no more."""
    return bool(select.select([sock], [], [], 0)[0])


def _read(descriptor: int, position: int, size: int) -> bytes:
    data = os.pread(descriptor, size, position)
    if not data:
        raise _became_shorter()
    return data


def _copy(sock: socket.socket, descriptor: int, position: int, size: int) -> int:
    """Let the kernel send from the file, past our memory; 0 bytes if the server speaks."""
    poll = select.poll()
    poll.register(sock, select.POLLOUT | select.POLLIN)
    while True:
        try:
            count = os.sendfile(sock.fileno(), descriptor, position, size)
        except BlockingIOError:  # a socket with a time-out does not block in the kernel
            ready = poll.poll(PATIENCE * 1000)
            if not ready:
                raise TimeoutError from None
            if ready[0][1] & select.POLLIN:
                return 0
            continue
        if count == 0:
            raise _became_shorter()
        return count
