"""One list in pages, one watch as events. What to do when they end or fail is `follow`'s matter.

Items are decoded into the type the caller names, so what it does not read is never kept.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from functools import cache
from types import GenericAlias
from typing import Any

import msgspec

from podlane.clients.kube import answers
from podlane.clients.kube.api import KubeApi
from podlane.clients.kube.kinds import Kind
from podlane.errors import Unavailable

_PAGE = 250


class Query(msgspec.Struct, frozen=True):
    """`item`: the msgspec type of one object, or dict."""

    kind: Kind
    namespace: str
    selector: str
    metadata_only: bool = False
    item: Any = dict


class Event(msgspec.Struct, frozen=True):
    """`type`: ADDED, MODIFIED, DELETED; without an item OPENED (said first) and BOOKMARK.

    `version`: where to go on."""

    type: str
    version: str
    item: Any = None


class _Meta(msgspec.Struct, frozen=True, rename="camel"):
    resource_version: str = ""
    continue_: str = msgspec.field(name="continue", default="")


class _Versioned(msgspec.Struct, frozen=True):
    metadata: _Meta = _Meta()


class _Frame(msgspec.Struct, frozen=True):
    type: str
    object: msgspec.Raw


async def list_items(api: KubeApi, query: Query) -> tuple[list[Any], str]:
    """All items, read page by page, and the version to watch from."""
    path, token = query.kind.path(query.namespace), ""
    items: list[Any] = []
    while True:
        words = {"labelSelector": query.selector, "limit": str(_PAGE)}
        words |= {"continue": token} if token else {}
        answer = await api.read(path, words, metadata_only=query.metadata_only)
        page = answers.decode(answer, _page_type(query.item))
        items += page.items or []  # an empty list may be null
        token = page.metadata.continue_
        if not token:
            return items, page.metadata.resource_version


async def watch_items(
    api: KubeApi, query: Query, version: str, *, seconds: int
) -> AsyncIterator[Event]:
    """Watch once, from `version` until the server ends it, which it shall do after `seconds`."""
    words = {
        "watch": "1",
        "labelSelector": query.selector,
        "resourceVersion": version,
        "allowWatchBookmarks": "true",
        "timeoutSeconds": str(seconds),
    }
    opened = api.watch(
        query.kind.path(query.namespace),
        words,
        metadata_only=query.metadata_only,
        timeout=seconds + 60,
    )
    decoder = _event_decoder(query.item)
    async with opened as chunks:
        yield Event("OPENED", version)
        async for line in cut_lines(chunks):
            yield _read_event(line, decoder)


async def cut_lines(chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """Cut a stream into lines of any length; a last line without its end is left out."""
    pieces: list[bytes] = []
    async for chunk in chunks:
        *whole, rest = chunk.split(b"\n")
        for end in whole:
            line = b"".join([*pieces, end])
            pieces = []
            if line.strip():
                yield line
        if rest:
            pieces.append(rest)


def _read_event(line: bytes, decoder: msgspec.json.Decoder[Any]) -> Event:
    """Read an event: in one pass if its item keeps the version, else piece by piece."""
    try:
        found = decoder.decode(line)
        version = _version(found.object)
    except (msgspec.MsgspecError, AttributeError, KeyError):
        return _read_pieces(line, decoder)
    if found.type == "ERROR" or not version:
        return _read_pieces(line, decoder)
    return Event(found.type, version, None if found.type == "BOOKMARK" else found.object)


def _version(item: Any) -> str:
    if isinstance(item, dict):
        return str(item["metadata"]["resourceVersion"]) if "metadata" in item else ""
    return str(item.metadata.resource_version)


def _read_pieces(line: bytes, decoder: msgspec.json.Decoder[Any]) -> Event:
    try:
        frame = msgspec.json.decode(line, type=_Frame)
        if frame.type == "ERROR":
            status = msgspec.json.decode(frame.object, type=answers.Status)
            raise answers.error_of_status(status, status.code or 500)
        version = msgspec.json.decode(frame.object, type=_Versioned).metadata.resource_version
        item = None if frame.type == "BOOKMARK" else decoder.decode(line).object
    except msgspec.MsgspecError as error:
        raise Unavailable(
            f"an event of the watch cannot be read: {error}", service="kubernetes"
        ) from error
    return Event(frame.type, version, item)


@cache
def _event_decoder(item: Any) -> msgspec.json.Decoder[Any]:
    """A decoder of `{"type": …, "object": <item>}`; a typed item has metadata.resource_version."""
    return msgspec.json.Decoder(msgspec.defstruct("Found", [("type", str), ("object", item)]))


@cache
def _page_type(item: Any) -> type[Any]:
    items = GenericAlias(list, (item,)) | None
    return msgspec.defstruct("Page", [("metadata", _Meta, _Meta()), ("items", items, None)])
