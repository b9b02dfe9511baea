"""A job's side of the API, blocking: for the helper in the pod.

One instance for each thread: it keeps one connection.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

from podlane.clients.gitlab import calls
from podlane.clients.gitlab.calls import JobAccess, Update
from podlane.clients.http.blocking import BlockingHttp, lower
from podlane.clients.http.request import Answer, Request
from podlane.core.text.token import Token
from podlane.core.trace.reply import Reply, parse_trace, parse_update

_BLOCK = 256 * 1024


class BlockingJobApi:
    def __init__(self, access: JobAccess, *, user_agent: str, ca_certificates: str = "") -> None:
        self._access = access
        self._http = BlockingHttp(user_agent=user_agent, ca_text=ca_certificates)

    def update(self, update: Update) -> Reply:
        answer = self._http.send(calls.update_job(self._access, update))
        return parse_update(answer.status, answer.headers)

    def append_trace(self, offset: int, data: bytes, *, is_debug: bool = False) -> Reply:
        request = calls.append_trace(self._access, offset, data, is_debug=is_debug)
        answer = self._http.send(request)
        return parse_trace(answer.status, answer.headers)

    def trace_size(self) -> Reply:
        """Reply with `offset`: the bytes that GitLab holds."""
        answer = self._http.send(calls.trace_size(self._access))
        return parse_trace(answer.status, answer.headers)

    def upload_artifact(self, file: Path, name: str, query: str) -> Answer:
        """POST one file as the part `file`, streamed; a 307 says where to send it instead."""
        base = calls.api(self._access.url, f"jobs/{self._access.id}/artifacts")
        for _ in range(3):
            answer = self._http.send(self._upload(f"{base}?{query}", file, name), timeout=600)
            target = answer.headers.get("location", "")
            if answer.status not in (307, 308) or not target:
                return answer
            parts = urlsplit(target)
            base = f"{parts.scheme}://{parts.netloc}{urlsplit(base).path}"
        return answer

    def _upload(self, url: str, file: Path, name: str) -> Request:
        boundary = uuid.uuid4().hex
        safe = name.replace("\\", "_").replace('"', "_").replace("\r", "_").replace("\n", "_")
        head = (
            f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="{safe}"\r\n'
            "Content-Type: application/octet-stream\r\n\r\n"
        ).encode()
        tail = f"\r\n--{boundary}--\r\n".encode()
        headers = {
            "JOB-TOKEN": self._access.token.reveal(),
            "Content-Type": f"multipart/form-data; boundary={boundary}",
        }
        return Request("POST", url, headers, Multipart(head, file, tail))

    def download_artifact(self, job_id: int, token: Token, target: Path) -> int:
        """GET the archive of a job into `target`; the status, 200 when it is there whole."""
        url = calls.api(self._access.url, f"jobs/{job_id}/artifacts?direct_download=true")
        headers = {"JOB-TOKEN": token.reveal()}
        for _ in range(5):
            status, url_next = self._fetch(Request("GET", url, headers), target)
            if not url_next:
                return status
            if urlsplit(url_next).netloc != urlsplit(url).netloc:
                headers = {}  # an object store must not see the job's token
            url = url_next
        return status

    def _fetch(self, request: Request, target: Path) -> tuple[int, str]:
        with self._http.stream(request, timeout=600) as response:
            if response.status in (302, 303, 307, 308):
                return response.status, lower(response).get("location", "")
            if response.status == 200:
                with target.open("wb") as out:
                    while block := response.read(_BLOCK):
                        out.write(block)
            return response.status, ""


class Multipart:
    """The body of an upload, read anew each time it is iterated."""

    def __init__(self, head: bytes, file: Path, tail: bytes) -> None:
        self._head, self._file, self._tail = head, file, tail

    def __iter__(self) -> Iterator[bytes]:
        yield self._head
        with self._file.open("rb") as source:
            while block := source.read(_BLOCK):
                yield block
        yield self._tail
