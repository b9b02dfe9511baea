"""Stands in front of a store and lets requests go wrong: a plain HTTP server that hands on, byte by
byte, what no rule is for. The store sees the same Host, so its signatures hold."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import msgspec

_BLOCK = 65536


class Trouble(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What happens to requests of `methods`, for objects whose name has `part` in it.

    From the `first` on, counted from 1, `times` of them (0: all that follow) are answered with
    `status`, or not at all (`is_silent`), or broken off after `cut` bytes, or with `instead`.
    """

    methods: tuple[str, ...]
    part: str = ""
    first: int = 1
    times: int = 0
    status: int = 0
    is_silent: bool = False
    cut: int | None = None
    instead: str = ""


class Front:
    def __init__(self, host: str, to: tuple[str, int], troubles: tuple[Trouble, ...]) -> None:
        self.asked: list[str] = []
        self._http = _Http((host, 0), _Handler)
        self._http.front = self
        self._to = to
        self._troubles = troubles
        self._seen = [0] * len(troubles)
        self._lock = threading.Lock()
        self.ends = threading.Event()
        self.port: int = self._http.server_address[1]

    def start(self) -> None:
        threading.Thread(target=self._http.serve_forever, args=(0.05,), daemon=True).start()

    def stop(self) -> None:
        self.ends.set()
        self._http.shutdown()
        self._http.server_close()

    def trouble(self, method: str, path: str) -> Trouble | None:
        with self._lock:
            self.asked.append(f"{method} {path.partition('?')[0]}")
            for number, one in enumerate(self._troubles):
                if method not in one.methods or one.part not in path:
                    continue
                self._seen[number] += 1
                if 0 <= self._seen[number] - one.first < (one.times or 10**9):
                    return one
        return None

    def connect(self) -> socket.socket:
        return socket.create_connection(self._to, 20)


@contextmanager
def front(host: str, to: tuple[str, int], troubles: tuple[Trouble, ...]) -> Iterator[Front]:
    made = Front(host, to, troubles)
    made.start()
    try:
        yield made
    finally:
        made.stop()


class _Http(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    front: Front

    def handle_error(self, request: object, peer: object) -> None:
        """A client that hangs up is no matter of ours."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Http

    def handle_one_request(self) -> None:
        self.raw_requestline = self.rfile.readline(65537)
        self.close_connection = True
        if not self.raw_requestline or not self.parse_request():
            return
        self.close_connection = True
        trouble = self.server.front.trouble(self.command, self.path)
        if trouble is not None and trouble.is_silent:
            self.server.front.ends.wait(300)
        elif trouble is not None and (trouble.status or trouble.instead):
            self._drop_body()
            self._answer(trouble)
        else:
            self._hand_on(None if trouble is None else trouble.cut)

    def _answer(self, trouble: Trouble) -> None:
        body = trouble.instead.encode() or b"<Error><Code>ForTheTest</Code></Error>"
        self.send_response_only(trouble.status or 200)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Connection", "close")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def _drop_body(self) -> None:
        left = int(self.headers.get("Content-Length") or 0)
        while left > 0 and (block := self.rfile.read(min(left, _BLOCK))):
            left -= len(block)

    def _hand_on(self, cut: int | None) -> None:
        with self.server.front.connect() as store:
            lines = [self.raw_requestline]
            lines += [
                f"{name}: {value}\r\n".encode("latin-1")
                for name, value in self.headers.items()
                if name.lower() != "connection"
            ]
            store.sendall(b"".join(lines) + b"Connection: close\r\n\r\n")
            left = int(self.headers.get("Content-Length") or 0)
            while left > 0 and (block := self.rfile.read(min(left, _BLOCK))):
                store.sendall(block)
                left -= len(block)
            self._hand_back(store, cut)

    def _hand_back(self, store: socket.socket, cut: int | None) -> None:
        """All of it; or the head, and `cut` bytes of the body."""
        got = b""
        while b"\r\n\r\n" not in got and (block := store.recv(_BLOCK)):
            got += block
        head, _, body = got.partition(b"\r\n\r\n")
        self.wfile.write(head + b"\r\n\r\n")
        left = 10**12 if cut is None else cut
        with suppress(OSError):
            while body and left > 0:
                self.wfile.write(body[:left])
                left -= len(body)
                body = store.recv(_BLOCK)
            while not body and left > 0 and (body := store.recv(_BLOCK)):
                self.wfile.write(body[:left])
                left -= len(body)
                body = b""
