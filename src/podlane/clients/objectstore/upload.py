"""One file to one object: whole, in one request, or in pieces side by side.

An upload is a list of steps for a crew. One that is in pieces has to be aborted, with a crew of
its own, when a step goes wrong: a store keeps, and bills, what was begun and never ended.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol, TypeVar

import msgspec

from podlane.clients.http.blocking import lower
from podlane.clients.objectstore import answers
from podlane.clients.objectstore.crew import Crew
from podlane.clients.objectstore.line import Ask, Line, Slice
from podlane.core.plan.store import Signed
from podlane.errors import Unavailable

LINES = 4
LONG_PATIENCE = 300.0  # a store may take a while to take in, or to put together, a large object
_LEAST_PIECE = 16 * 1024 * 1024
_TRIES = 3
_PAUSE = 1.0
T = TypeVar("T")
Step = tuple[int, Callable[[Line], None]]  # how many lines, and what each does


class Source(msgspec.Struct, frozen=True):
    """An open file, whole."""

    descriptor: int
    size: int


class Stored(msgspec.Struct, frozen=True):
    """What the store says of the object it has now. `date`: its clock, epoch seconds or 0."""

    etag: str = ""
    date: float = 0


class Way(Protocol):
    """How one kind of store takes an object in pieces. Calls come from several threads, unless
    `lines` is 1. `is_open`: something is begun that has to be ended."""

    most_pieces: int
    lines: int

    @property
    def is_open(self) -> bool: ...

    @property
    def host(self) -> str: ...

    @property
    def whole(self) -> Callable[[Slice], Ask] | None:
        """The request for an archive that needs no pieces, where this way has one."""

    def open(self, line: Line) -> None:
        """Begin, where that is not done yet."""

    def put(self, line: Line, number: int, piece: Slice) -> None:
        """Send piece `number`, counted from 1; a second call for it sends it anew."""

    def close(self, line: Line) -> Stored:
        """Put the object together."""

    def abort(self, line: Line) -> None:
        """Leave nothing behind."""


class Whole:
    """`make` gives the request for a body."""

    def __init__(self, crew: Crew, make: Callable[[Slice], Ask], source: Source) -> None:
        self.stored = Stored()
        self.host = ""
        self._crew = crew
        self._make = make
        self._source = source

    def steps(self) -> list[Step]:
        return [(1, self._put)]

    def _put(self, line: Line) -> None:
        ask = self._make(Slice(self._source.descriptor, 0, self._source.size))
        self.host = host_of(ask.url)
        self.stored = again(self._crew, lambda: stored_by(line, ask))


class InPieces:
    def __init__(self, crew: Crew, way: Way, source: Source) -> None:
        self.stored = Stored()
        self.host = way.host
        self._crew = crew
        self._way = way
        self._source = source
        self._size = piece_size(source.size, way.most_pieces)
        self._count = max(1, -(-source.size // self._size))
        self._numbers = iter(range(1, self._count + 1))

    def steps(self) -> list[Step]:
        return [(1, self._open), (min(self._way.lines, self._count), self._put), (1, self._close)]

    def _open(self, line: Line) -> None:
        again(self._crew, lambda: self._way.open(line))

    def _put(self, line: Line) -> None:
        # `next` of a range's iterator is one step of the interpreter: no two get one number
        while number := next(self._numbers, 0):
            start = (number - 1) * self._size
            size = min(self._size, self._source.size - start)
            self._put_one(line, number, Slice(self._source.descriptor, start, size))

    def _put_one(self, line: Line, number: int, piece: Slice) -> None:
        again(self._crew, lambda: self._way.put(line, number, piece))

    def _close(self, line: Line) -> None:
        self.stored = again(self._crew, lambda: self._way.close(line))


def put_signed(signed: Signed) -> Callable[[Slice], Ask]:
    """The one request that takes a whole archive."""
    return lambda body: Ask("PUT", signed.url.reveal(), revealed(signed), body, LONG_PATIENCE)


def piece_size(size: int, most_pieces: int) -> int:
    """Bytes of each piece but the last: whole MiB, so that a store's own blocks are filled."""
    wanted = max(_LEAST_PIECE, -(-size // most_pieces))
    return -(-wanted // 2**20) * 2**20


def again(crew: Crew, call: Callable[[], T]) -> T:
    """Call, up to three times while the store is away; once if it does not answer at all."""
    for rest in reversed(range(_TRIES)):
        try:
            return call()
        except Unavailable as error:
            if not rest or error.details == answers.SILENT:
                raise
            crew.pause(error.retry_after or _PAUSE)
    raise AssertionError("not reached")


def expect(line: Line, ask: Ask) -> tuple[Mapping[str, str], bytes]:
    """Headers (names in small letters) and body of an answer that is a success."""
    response = line.ask(ask)
    host = host_of(ask.url)
    if response.status // 100 != 2:
        raise answers.refusal(host, response)
    return lower(response), line.read_all(host, response)


def stored_by(line: Line, ask: Ask) -> Stored:
    headers, _ = expect(line, ask)
    return Stored(headers.get("etag", ""), answers.moment(headers.get("date")))


def revealed(signed: Signed) -> dict[str, str]:
    return {name: value.reveal() for name, value in signed.headers.items()}


def host_of(url: str) -> str:
    """The one part of a URL that people may see."""
    from urllib.parse import urlsplit

    return urlsplit(url).hostname or "the cache"
