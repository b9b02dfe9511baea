"""Artifacts up and down, blocking and streamed: of a file no more than a block is in memory.

Any status is an answer; Unavailable when there was none.
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from urllib.parse import urljoin, urlsplit

import msgspec

from podlane.clients.gitlab import answers, calls
from podlane.clients.gitlab.calls import JobAccess
from podlane.clients.http.blocking import BlockingHttp, lower
from podlane.clients.http.request import Answer, Request
from podlane.core.text.token import Token
from podlane.errors import ServiceError, Unavailable

_BLOCK = 256 * 1024
_STALLED = 60.0  # seconds without a byte: then the connection is as good as gone
_PATIENCE = 600.0  # seconds until an answer begins
_REDIRECTS = 5
_RESUMES = 5
_MOVED = (301, 302, 303, 307, 308)
_XML = re.compile(rb"<(Code|Message)>([^<]{1,200})<")

Progress = Callable[[int], None]


class Sending(msgspec.Struct, frozen=True):
    """What is sent under which name, and how long that may take: all of it, and the answer."""

    file: Path
    name: str
    query: str
    timeout: float = 3600.0
    header_timeout: float = 600.0


class Received(msgspec.Struct, frozen=True):
    """`said`: the words of whoever refused; `is_elsewhere`: that is not GitLab, but where it sent
    us."""

    status: int
    size: int = 0
    host: str = ""
    request_id: str = ""
    said: str = ""
    is_elsewhere: bool = False


class ArtifactApi:
    def __init__(self, http: BlockingHttp, access: JobAccess) -> None:
        self._http = http
        self._access = access

    def upload(self, sending: Sending, progress: Progress | None = None) -> Answer:
        """POST one file as the part `file`; 307 and 308 name the host to send it to instead.

        The answer has an `x-request-id` in any case. TimeoutError when it takes too long.
        """
        base = calls.api(self._access.url, f"jobs/{self._access.id}/artifacts")
        until = time.monotonic() + sending.timeout
        for _ in range(_REDIRECTS):
            answer = self._send(f"{base}?{sending.query}", sending, until, progress)
            location = answer.headers.get("location", "")
            if answer.status not in (307, 308) or not location:
                break
            there = urlsplit(urljoin(base, location))
            if there.scheme != "https" and base.startswith("https:"):
                break  # the token would go out in the clear
            base = f"{there.scheme}://{there.netloc}{urlsplit(base).path}"
        return answer

    def _send(self, url: str, sending: Sending, until: float, progress: Progress | None) -> Answer:
        body = Multipart(sending.file, sending.name, until, progress)
        request_id = os.urandom(16).hex()
        headers = {
            "JOB-TOKEN": self._access.token.reveal(),
            "X-Request-Id": request_id,
            "Content-Type": f"multipart/form-data; boundary={body.boundary}",
            "Content-Length": str(body.size),
        }
        request = Request("POST", url, headers, body)
        patience = max(1.0, min(sending.header_timeout, until - time.monotonic()))
        try:
            answer = self._http.send(request, timeout=_STALLED, patience=patience)
        except Unavailable as error:
            if body.is_late:
                raise TimeoutError from error
            raise
        known = {"x-request-id": request_id, **answer.headers}
        return Answer(answer.status, known, answer.body)

    def download(
        self, job_id: int, token: Token, target: Path, *, is_direct: bool, progress: Progress
    ) -> Received:
        """GET the archive of a job into `target`; status 200 when it is there whole.

        `is_direct`: GitLab may send us straight to its object store, which does not get to see
        the job's token.
        """
        url = calls.api(self._access.url, f"jobs/{job_id}/artifacts")
        url += "?direct_download=true" if is_direct else ""
        headers = {"JOB-TOKEN": token.reveal()}
        for _ in range(_REDIRECTS):
            received, location = self._receive(Request("GET", url, headers), target, progress)
            if not location:
                break
            if urlsplit(location)[:2] != urlsplit(url)[:2]:
                headers = {}
            url = location
        return msgspec.structs.replace(received, is_elsewhere=not headers)

    def location(self, job_id: int, token: Token) -> str:
        """Where in its object store GitLab says the archive is; "" when it does not say."""
        url = calls.api(self._access.url, f"jobs/{job_id}/artifacts?direct_download=true")
        request = Request("GET", url, {"JOB-TOKEN": token.reveal()})
        with self._http.stream(request, timeout=_STALLED, patience=_PATIENCE) as response:
            location = lower(response).get("location", "")
            return urljoin(url, location) if response.status in _MOVED and location else ""

    def _receive(self, request: Request, target: Path, progress: Progress) -> tuple[Received, str]:
        """Write what comes; go on where it was cut short. A redirect gives its location."""
        have, tag = 0, ""
        for left in range(_RESUMES, -1, -1):
            asked = _ranged(request, have, tag) if have else request
            try:
                with self._http.stream(asked, timeout=_STALLED, patience=_PATIENCE) as response:
                    headers = lower(response)
                    if have and not _goes_on(response.status, headers, have):
                        raise _cut_short(request)
                    if not have and response.status != 200:
                        return self._refused(request, response.status, headers, response.read(4096))
                    tag = _tag(headers)
                    with target.open("ab" if have else "wb") as out:
                        for block in self._http.read_blocks(asked, response):
                            out.write(block)
                            have += len(block)
                            progress(len(block))
                return _received(request, 200, headers, have), ""
            except Unavailable:
                if not have or not left:
                    raise
                time.sleep(0.5)
        raise _cut_short(request)

    def _refused(
        self, request: Request, status: int, headers: Mapping[str, str], body: bytes
    ) -> tuple[Received, str]:
        location = headers.get("location", "")
        moved = urljoin(request.url, location) if status in _MOVED and location else ""
        said = answers.message(Answer(status, headers, body)) or _xml_words(body)
        return msgspec.structs.replace(_received(request, status, headers, 0), said=said), moved


class Multipart:
    """The body of an upload, read anew each time it is iterated."""

    def __init__(self, file: Path, name: str, until: float, progress: Progress | None) -> None:
        self.boundary = os.urandom(16).hex()
        self.is_late = False
        self._file, self._until, self._progress = file, until, progress
        safe = re.sub(r'[\x00-\x1f\x7f"\\]', "_", name)
        self._head = (
            f'--{self.boundary}\r\nContent-Disposition: form-data; name="file"; '
            f'filename="{safe}"\r\nContent-Type: application/octet-stream\r\n\r\n'
        ).encode(errors="replace")
        self._tail = f"\r\n--{self.boundary}--\r\n".encode()
        self.size = len(self._head) + file.stat().st_size + len(self._tail)

    def __iter__(self) -> Iterator[bytes]:
        yield self._head
        with self._file.open("rb", buffering=0) as source:
            while block := source.read(_BLOCK):
                if time.monotonic() > self._until:
                    self.is_late = True
                    raise TimeoutError
                yield block
                if self._progress is not None:
                    self._progress(len(block))
        yield self._tail


def _ranged(request: Request, have: int, tag: str) -> Request:
    more = {"Range": f"bytes={have}-"} | ({"If-Range": tag} if tag else {})
    return msgspec.structs.replace(request, headers={**request.headers, **more})


def _goes_on(status: int, headers: Mapping[str, str], have: int) -> bool:
    return status == 206 and headers.get("content-range", "").startswith(f"bytes {have}-")


def _tag(headers: Mapping[str, str]) -> str:
    """What tells a later part that the file is still the same."""
    etag = headers.get("etag", "")
    return etag if etag and not etag.startswith("W/") else headers.get("last-modified", "")


def _received(request: Request, status: int, headers: Mapping[str, str], size: int) -> Received:
    host = ""
    with suppress(ValueError):
        host = urlsplit(request.url).hostname or ""
    return Received(status, size, host, headers.get("x-request-id", ""))


def _cut_short(request: Request) -> ServiceError:
    where = urlsplit(request.url)
    return Unavailable(
        f"GET {where.scheme}://{where.netloc.rpartition('@')[2]}{where.path}: the answer was cut "
        "short, and the server does not go on from there",
        service="gitlab",
    )


def _xml_words(body: bytes) -> str:
    """An object store's code and message."""
    words = [found[1].decode(errors="replace") for found in _XML.findall(body)]
    return f" ({': '.join(words)})" if words else ""
