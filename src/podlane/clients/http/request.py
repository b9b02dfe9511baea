"""One HTTP request and its answer, whichever way it is sent.

GitLab's calls are built and read by pure functions on these two types, so the manager (asyncio)
and the helper (blocking, starts in milliseconds) share them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec


class Request(msgspec.Struct, frozen=True):
    """`url` is whole. `body` is bytes, or chunks when its length is not known."""

    method: str
    url: str
    headers: Mapping[str, str] = {}
    body: bytes | Iterable[bytes] = b""


class Answer(msgspec.Struct, frozen=True):
    """`headers` have lower-case names. Any status is an answer, not an error."""

    status: int
    headers: Mapping[str, str]
    body: bytes = b""
