"""A real HTTP server on loopback whose answers a test writes, and that remembers what it was asked.

It runs in threads, so that blocking and asyncio clients are tested alike.
"""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class Call:
    """What was asked. `connection` numbers the connections; header names are lower-case."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes
    connection: int


@dataclass
class Said:
    """One answer. A body of pieces is sent chunked, each piece at once; `raw` is sent instead of
    all of it, and then the connection is closed."""

    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes | Iterable[bytes] = b""
    raw: bytes | None = None
    and_close: bool = False


Answerer = Callable[[Call], Said]


class Server:
    def __init__(
        self,
        answer: Answerer,
        context: ssl.SSLContext | None,
        port: int = 0,
        host: str = "127.0.0.1",
    ) -> None:
        self.answer = answer
        self.calls: list[Call] = []
        self.connections = 0
        self.leaves_bodies_unread = False
        self._http = _Http((host, port), _Handler, self, context)
        self.port: int = self._http.server_address[1]
        self.url = f"{'https' if context else 'http'}://{host}:{self.port}"

    def start(self) -> None:
        thread = threading.Thread(target=self._http.serve_forever, args=(0.02,), daemon=True)
        thread.start()

    def stop(self) -> None:
        self._http.shutdown()
        self._http.server_close()


@contextmanager
def serve(
    answer: Answerer,
    context: ssl.SSLContext | None = None,
    port: int = 0,
    host: str = "127.0.0.1",
) -> Iterator[Server]:
    server = Server(answer, context, port, host)
    server.start()
    try:
        yield server
    finally:
        server.stop()


def always(*said: Said) -> Answerer:
    """Answer with these in turn; the last one again and again."""
    left = list(said)

    def answer(call: Call) -> Said:
        return left.pop(0) if len(left) > 1 else left[0]

    return answer


class _Http(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def __init__(
        self,
        address: tuple[str, int],
        handler: type[BaseHTTPRequestHandler],
        server: Server,
        context: ssl.SSLContext | None,
    ) -> None:
        super().__init__(address, handler)
        self.server = server
        self.context = context
        self.lock = threading.Lock()

    def finish_request(
        self, request: socket.socket | tuple[bytes, socket.socket], peer: object
    ) -> None:
        assert isinstance(request, socket.socket)
        if self.context is None:
            super().finish_request(request, peer)
            return
        try:
            wrapped = self.context.wrap_socket(request, server_side=True)
        except OSError:
            return
        try:
            super().finish_request(wrapped, peer)
        finally:
            wrapped.close()

    def handle_error(self, request: object, peer: object) -> None:
        """A client that hangs up is no matter of the server's."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Http

    def setup(self) -> None:
        super().setup()
        with self.server.lock:
            self.server.server.connections += 1
            self.number = self.server.server.connections

    def handle_one_request(self) -> None:
        self.raw_requestline = self.rfile.readline(65537)
        if not self.raw_requestline or not self.parse_request():
            self.close_connection = True
            return
        headers = {name.lower(): value for name, value in self.headers.items()}
        is_unread = self.server.server.leaves_bodies_unread
        body = b"" if is_unread else self._read_body()
        call = Call(self.command, self.path, headers, body, self.number)
        self.server.server.calls.append(call)
        self._say(self.server.server.answer(call))

    def _read_body(self) -> bytes:
        if self.headers.get("Transfer-Encoding", "").lower() != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length") or 0))
        body = b""
        while size := int(self.rfile.readline(), 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return body

    def _say(self, said: Said) -> None:
        self.close_connection = said.and_close or said.raw is not None or self.close_connection
        if said.raw is not None:
            self.wfile.write(said.raw)
            return
        self.send_response_only(said.status)
        for name, value in said.headers.items():
            self.send_header(name, value)
        if isinstance(said.body, bytes):
            if said.status != 204:
                self.send_header("Content-Length", str(len(said.body)))
            self.end_headers()
            self.wfile.write(said.body)
            return
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for piece in said.body:
            self.wfile.write(b"%x\r\n%b\r\n" % (len(piece), piece))
            self.wfile.flush()
        self.wfile.write(b"0\r\n\r\n")

    def log_message(self, format: str, *args: object) -> None:
        """Tests are quiet."""
