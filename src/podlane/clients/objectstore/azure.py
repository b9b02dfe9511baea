"""Azure's block blobs: blocks are put under names of our own, then listed in their order."""

from __future__ import annotations

import base64

from podlane.clients.objectstore import answers, upload
from podlane.clients.objectstore.line import Ask, Line, Slice
from podlane.clients.objectstore.upload import LONG_PATIENCE, Stored, expect, host_of
from podlane.core.plan.store import AzureBlocks

_TYPE = {"x-ms-blob-content-type": "application/octet-stream"}


class Blocks:
    """A block that no list names is dropped by Azure itself, after a week."""

    most_pieces = 50_000
    lines = upload.LINES
    is_open = False

    def __init__(self, plan: AzureBlocks, prefix: str) -> None:
        """`prefix` sets the blocks of this upload apart from those of another one."""
        self._url = plan.url.reveal()
        self.host = host_of(self._url)
        self._prefix = prefix
        self._numbers: set[int] = set()

    def whole(self, body: Slice) -> Ask:
        headers = {"x-ms-blob-type": "BlockBlob", "Content-Type": "application/octet-stream"}
        return Ask("PUT", self._url, headers, body, LONG_PATIENCE)

    def open(self, line: Line) -> None:
        """Nothing is to be begun."""

    def put(self, line: Line, number: int, piece: Slice) -> None:
        from urllib.parse import quote

        query = f"comp=block&blockid={quote(self._name(number), safe='')}"
        expect(line, Ask("PUT", self._with(query), {}, piece, LONG_PATIENCE))
        self._numbers.add(number)

    def close(self, line: Line) -> Stored:
        listed = "".join(f"<Latest>{self._name(n)}</Latest>" for n in sorted(self._numbers))
        body = f'<?xml version="1.0" encoding="utf-8"?><BlockList>{listed}</BlockList>'.encode()
        ask = Ask("PUT", self._with("comp=blocklist"), _TYPE, body, LONG_PATIENCE)
        headers, _ = expect(line, ask)
        return Stored(headers.get("etag", ""), answers.moment(headers.get("date")))

    def abort(self, line: Line) -> None:
        """Nothing is to be done."""

    def _name(self, number: int) -> str:
        """All names of a blob's blocks have one length."""
        return base64.b64encode(f"{self._prefix[:24]:_<24}{number:06}".encode()).decode()

    def _with(self, query: str) -> str:
        return f"{self._url}{'&' if '?' in self._url else '?'}{query}"
