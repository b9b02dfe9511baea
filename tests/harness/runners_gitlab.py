"""A GitLab that knows runners only, written from the protocol: a thread beside the command."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

FORBIDDEN = {"message": "403 Forbidden"}


class GitLab:
    """What GitLab holds and was asked. `statuses` lets a path answer something else."""

    def __init__(self, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self.tokens = {"glrt-good": 7, "old-good": 8}
        self.registration_token = "GR1348941good"
        self.expires_at: str | None = None
        self.statuses: dict[str, int] = {}
        self.calls: list[tuple[str, str, dict[str, Any], str]] = []
        self.meeting: threading.Barrier | None = None  # verify waits until so many ask

    def answer(self, method: str, path: str, body: dict[str, Any], private: str) -> tuple[int, Any]:
        self.calls.append((method, path, body, private))
        if self.meeting is not None and path == "runners/verify":
            self.meeting.wait(30)
        if status := self.statuses.get(path):
            return status, {"message": f"{status} told to"}
        token = body.get("token", "")
        if (method, path) == ("POST", "runners"):
            return self._register(token)
        match path.split("/"):
            case ["runners", number, "reset_authentication_token"] if private == "pat":
                token = next(t for t, i in self.tokens.items() if i == int(number))
                return 201, self._exchange(token)
        return self._known(method, path, token) if token in self.tokens else (403, FORBIDDEN)

    def _known(self, method: str, path: str, token: str) -> tuple[int, Any]:
        match method, path:
            case "POST", "runners/verify":
                return 200, self._identity(token)
            case "POST", "runners/reset_authentication_token":
                return 201, self._exchange(token)
            case "DELETE", "runners":
                del self.tokens[token]
                return 204, None
            case "DELETE", "runners/managers":
                return 204, None
        return 404, {"message": "404 Not Found"}

    def _register(self, token: str) -> tuple[int, Any]:
        if token != self.registration_token:
            return 403, {"message": "403 Forbidden - invalid token supplied"}
        self.tokens["glrtr-made"] = 9
        return 201, self._identity("glrtr-made")

    def _identity(self, token: str) -> dict[str, Any]:
        number = self.tokens[token]
        return {"id": number, "token": token, "token_expires_at": self.expires_at}

    def _exchange(self, token: str) -> dict[str, Any]:
        self.tokens[f"{token}-2"] = self.tokens.pop(token)
        return self._identity(f"{token}-2")


@contextmanager
def serve_gitlab() -> Iterator[GitLab]:
    class Handler(BaseHTTPRequestHandler):
        def _serve(self) -> None:
            size = int(self.headers.get("Content-Length") or 0)
            body = json.loads(self.rfile.read(size) or b"{}")
            path = self.path.removeprefix("/api/v4/")
            private = self.headers.get("PRIVATE-TOKEN", "")
            status, found = gitlab.answer(self.command, path, body, private)
            data = b"" if found is None else json.dumps(found).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        do_POST = do_DELETE = do_GET = _serve

        def log_message(self, *_: object) -> None:
            """Say nothing on stderr."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    gitlab = GitLab(server.server_port)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield gitlab
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
