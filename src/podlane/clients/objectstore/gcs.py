"""Google Cloud Storage's resumable upload: one stream of pieces to an address that it hands out."""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import urljoin

from podlane.clients.http.blocking import lower
from podlane.clients.objectstore import answers
from podlane.clients.objectstore.line import Ask, Line, Slice
from podlane.clients.objectstore.upload import LONG_PATIENCE, Stored, host_of, revealed
from podlane.core.plan.store import GcsResumable
from podlane.errors import Unavailable

_GOES_ON = 308
_RANGE = re.compile(r"bytes=0-(\d{1,18})")


class Resumable:
    """`total`: the size of the whole. Pieces come in order, by one line."""

    most_pieces = 10_000
    lines = 1
    whole = None

    def __init__(self, plan: GcsResumable, total: int) -> None:
        self.host = host_of(plan.start.url.reveal())
        self._start = plan.start
        self._total = total
        self._url = ""
        self._is_sure = True
        self._stored = Stored()

    @property
    def is_open(self) -> bool:
        return bool(self._url)

    def open(self, line: Line) -> None:
        url = self._start.url.reveal()
        response = line.ask(Ask("POST", url, revealed(self._start)))
        location = response.headers.get("Location", "")
        if response.status not in (200, 201) or not location:
            raise answers.refusal(host_of(url), response)
        line.read_all(host_of(url), response)
        self._url = urljoin(url, location)

    def put(self, line: Line, number: int, piece: Slice) -> None:
        """Send a piece; after a break only what Google does not hold of it."""
        end = piece.start + piece.size
        has = piece.start if self._is_sure else self._asked(line)
        if has < 0 or (has >= end and has < self._total):
            return  # the whole, or this piece, had arrived and only the answer was lost
        self._is_sure = False
        self._send(line, has, Slice(piece.descriptor, has, end - has))
        self._is_sure = True

    def close(self, line: Line) -> Stored:
        """The last piece has done it."""
        return self._stored

    def abort(self, line: Line) -> None:
        if self._url:
            line.ask(Ask("DELETE", self._url))  # answered with 499, as it should be

    def _asked(self, line: Line) -> int:
        """How many bytes Google holds; -1: all, the object is there."""
        response = line.ask(Ask("PUT", self._url, {"Content-Range": f"bytes */{self._total}"}))
        line.read_all(host_of(self._url), response)
        if response.status in (200, 201):
            self._take(lower(response))
            return -1
        if response.status != _GOES_ON:
            raise answers.refusal(host_of(self._url), response)
        match = _RANGE.fullmatch(response.headers.get("Range", ""))
        return int(match[1]) + 1 if match else 0

    def _send(self, line: Line, start: int, piece: Slice) -> None:
        end = start + piece.size
        told = f"bytes {start}-{end - 1}/{self._total}" if piece.size else "bytes */0"
        ask = Ask("PUT", self._url, {"Content-Range": told}, piece, LONG_PATIENCE)
        response = line.ask(ask)
        if response.status in (200, 201):
            line.read_all(host_of(self._url), response)
            self._take(lower(response))
            return
        if response.status != _GOES_ON:
            raise answers.refusal(host_of(self._url), response)
        line.read_all(host_of(self._url), response)
        match = _RANGE.fullmatch(response.headers.get("Range", ""))
        held = int(match[1]) + 1 if match else 0
        if held < end:
            raise Unavailable(
                f"{host_of(self._url)} kept a part of a piece only", service=answers.SERVICE
            )

    def _take(self, headers: Mapping[str, str]) -> None:
        self._stored = Stored(headers.get("etag", ""), answers.moment(headers.get("date")))
