"""One object to a file: by ranges side by side where the store has them, else in one go.

The first answer tells size and state of the object. Every further piece is asked of that state
(If-Match) and checked against it, so a file is never put together from two.
"""

from __future__ import annotations

import http.client
import os
import threading
from collections.abc import Callable
from dataclasses import dataclass

from podlane.clients.http.address import BLOCK
from podlane.clients.http.blocking import lower
from podlane.clients.objectstore import answers
from podlane.clients.objectstore.answers import Found
from podlane.clients.objectstore.crew import Crew
from podlane.clients.objectstore.line import Ask, Line
from podlane.clients.objectstore.upload import host_of, revealed
from podlane.core.plan.store import Signed
from podlane.errors import Unavailable

PIECE = 8 * 1024 * 1024
LINES = 4
_TRIES = 3
_PAUSE = 1.0


class Changed(Exception):
    """The object was replaced while it was read: begin anew."""


class NotWanted(Exception):
    """The object is not to be read: `found` tells what it is."""

    def __init__(self, found: Found) -> None:
        super().__init__()
        self.found = found


class Fetch:
    """`is_wanted` is asked once the object is known, before its body is read.

    `begin` is the step of one line; wait for the crew, read `found`.
    """

    def __init__(
        self, crew: Crew, signed: Signed, descriptor: int, is_wanted: Callable[[Found], bool]
    ) -> None:
        self.found: Found | None = None
        self._crew = crew
        self._url = signed.url.reveal()
        self._headers = revealed(signed)
        self._host = host_of(signed.url.reveal())
        self._descriptor = descriptor
        self._is_wanted = is_wanted
        self._lock = threading.Lock()
        self._next = PIECE
        self._size = 0

    def begin(self, line: Line) -> None:
        """The first piece, and with it the knowledge how to go on."""
        for rest in reversed(range(_TRIES)):
            try:
                self._first(line)
                return
            except Unavailable as error:
                if not rest or self.found is not None or error.details == answers.SILENT:
                    raise
                self._crew.pause(error.retry_after or _PAUSE)

    def _first(self, line: Line) -> None:
        response = line.ask(
            Ask("GET", self._url, self._headers | {"Range": f"bytes=0-{PIECE - 1}"})
        )
        if response.status == 416:  # there is no first byte
            self.found = Found(0)
            return
        if response.status not in (200, 206):
            raise answers.refusal(self._host, response)
        found = answers.found(lower(response))
        if not self._is_wanted(found):
            raise NotWanted(found)
        if response.status == 200:
            self._whole(line, response, found)
            return
        part = answers.content_range(lower(response))
        if part is None or part[0] != 0 or not 0 < part[1] <= PIECE:
            raise Unavailable(
                f"{self._host} sent another range than asked", service=answers.SERVICE
            )
        self.found, self._size, self._next = found, part[2], part[1]
        more = min(LINES - 1, -(-(self._size - self._next) // PIECE))
        self._crew.start(max(0, more), self._go_on)
        self._piece(line, 0, part[1], response)
        self._go_on(line)

    def _whole(self, line: Line, response: http.client.HTTPResponse, found: Found) -> None:
        run = _Run(0)
        self._copy(line, response, run)
        if found.size is not None and run.position != found.size:
            raise Unavailable(f"{self._host}: the answer was cut short", service=answers.SERVICE)
        os.ftruncate(self._descriptor, run.position)  # a longer try may have gone before
        self.found = Found(run.position, found.etag, found.modified, found.date)

    def _go_on(self, line: Line) -> None:
        while True:
            with self._lock:
                start = self._next
                self._next = end = min(self._size, start + PIECE)
            if start >= end:
                return
            self._piece(line, start, end, None)

    def _piece(
        self, line: Line, start: int, end: int, response: http.client.HTTPResponse | None
    ) -> None:
        """Copy one range; after a break go on where it broke."""
        run, tries = _Run(start), _TRIES
        while run.position < end:
            self._crew.check()
            try:
                response = response or self._ask(line, run.position, end)
                self._copy(line, response, run)
            except Unavailable as error:
                tries -= 1
                if not tries:
                    raise
                self._crew.pause(error.retry_after or _PAUSE)
            response = None

    def _ask(self, line: Line, start: int, end: int) -> http.client.HTTPResponse:
        assert self.found is not None
        headers = self._headers | {"Range": f"bytes={start}-{end - 1}"}
        if self.found.etag and not self.found.etag.startswith("W/"):
            headers["If-Match"] = self.found.etag
        response = line.ask(Ask("GET", self._url, headers))
        if response.status in (412, 416):
            raise Changed
        if response.status != 206:
            raise answers.refusal(self._host, response)
        if not answers.found(lower(response)).is_same(self.found):
            raise Changed
        if answers.content_range(lower(response)) != (start, end, self._size):
            raise Unavailable(
                f"{self._host} sent another range than asked", service=answers.SERVICE
            )
        return response

    def _copy(self, line: Line, response: http.client.HTTPResponse, run: _Run) -> None:
        """Write the body to the file."""
        with memoryview(bytearray(BLOCK)) as buffer:
            while count := line.read_into(self._host, response, buffer):
                os.pwrite(self._descriptor, buffer[:count], run.position)
                run.position += count
                self._crew.count(count)
                self._crew.check()


@dataclass
class _Run:
    """How far one range has come: known even when its next block does not come."""

    position: int


def look(line: Line, signed: Signed, method: str) -> Found:
    """Ask what an object is, by HEAD or by a GET of its first byte; Gone when there is none."""
    headers = revealed(signed)
    if method == "GET":
        headers["Range"] = "bytes=0-0"
    response = line.ask(Ask(method, signed.url.reveal(), headers))
    if response.status == 416:  # there is no first byte
        return Found(0, lower(response).get("etag", ""))
    if response.status not in (200, 206):
        raise answers.refusal(host_of(signed.url.reveal()), response)
    return answers.found(lower(response))


def copy_end(line: Line, signed: Signed, descriptor: int, found: Found, size: int) -> None:
    """Write the last `size` bytes of an object to their place in the file, which is made as long
    as the object."""
    whole = found.size or 0
    start = max(0, whole - size)
    os.ftruncate(descriptor, whole)
    headers = revealed(signed) | {"Range": f"bytes={start}-{max(0, whole - 1)}"}
    host = host_of(signed.url.reveal())
    response = line.ask(Ask("GET", signed.url.reveal(), headers))
    if response.status != 206 or not answers.found(lower(response)).is_same(found):
        raise answers.refusal(host, response)
    with memoryview(bytearray(BLOCK)) as buffer:
        while count := line.read_into(host, response, buffer):
            os.pwrite(descriptor, buffer[:count], start)
            start += count
