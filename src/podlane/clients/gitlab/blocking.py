"""A job's side of the API, blocking: for the helper in the pod.

One instance for each thread: it keeps one connection.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urljoin, urlsplit

from podlane.clients.gitlab import calls
from podlane.clients.gitlab.calls import JobAccess, Update
from podlane.clients.http.blocking import BlockingHttp, lower
from podlane.clients.http.request import Answer, Request
from podlane.core.text.token import Token
from podlane.core.trace.reply import Reply, parse_trace, parse_update
from podlane.errors import ServiceError

_BLOCK = 256 * 1024
_LONG = 600.0
_REDIRECTS = 5


class BlockingJobApi:
    def __init__(self, access: JobAccess, *, user_agent: str, ca_certificates: str = "") -> None:
        self._access = access
        self._http = BlockingHttp(user_agent=user_agent, ca_text=ca_certificates)

    def close(self) -> None:
        self._http.close()

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
        """POST one file as the part `file`, streamed; a 307 names the host to send it to instead.

        Any status is an answer; Unavailable when there was none.
        """
        base = calls.api(self._access.url, f"jobs/{self._access.id}/artifacts")
        for _ in range(_REDIRECTS):
            answer = self._http.send(self._upload(f"{base}?{query}", file, name), timeout=_LONG)
            target = urlsplit(urljoin(base, answer.headers.get("location", "")))
            if answer.status not in (307, 308) or "location" not in answer.headers:
                break
            base = f"{target.scheme}://{target.netloc}{urlsplit(base).path}"
        return answer

    def _upload(self, url: str, file: Path, name: str) -> Request:
        boundary = os.urandom(16).hex()
        safe = re.sub(r'[\x00-\x1f\x7f"\\]', "_", name)
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
        """GET the archive of a job into `target`; the status, 200 when it is there whole.

        GitLab may send us straight to its object store; when that cannot be reached from here,
        GitLab is asked to hand the file through.
        """
        url = calls.api(self._access.url, f"jobs/{job_id}/artifacts")
        try:
            status, was_sent_on = self._download(f"{url}?direct_download=true", token, target)
        except ServiceError:
            status, was_sent_on = 0, True
        if status == 200 or not was_sent_on:
            return status
        return self._download(url, token, target)[0]

    def _download(self, url: str, token: Token, target: Path) -> tuple[int, bool]:
        """The last status, and whether a redirect led there."""
        headers = {"JOB-TOKEN": token.reveal()}
        was_sent_on = False
        for _ in range(_REDIRECTS):
            status, sent_to = self._fetch(Request("GET", url, headers), target)
            if not sent_to:
                break
            if urlsplit(sent_to)[:2] != urlsplit(url)[:2]:
                headers = {}  # an object store must not see the job's token
            url, was_sent_on = sent_to, True
        return status, was_sent_on

    def _fetch(self, request: Request, target: Path) -> tuple[int, str]:
        with self._http.stream(request, timeout=_LONG) as response:
            if response.status in (301, 302, 303, 307, 308):
                location = lower(response).get("location", "")
                return response.status, urljoin(request.url, location) if location else ""
            if response.status == 200:
                with target.open("wb") as out:
                    for block in self._http.read_blocks(request, response):
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
