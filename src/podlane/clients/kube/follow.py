"""List, then watch, then list again when the watch cannot go on: for ever.

Lists come in pages, watches resume at the last resourceVersion (bookmarks keep it fresh), a 410
means list again, trouble means wait a little and try again. Items are decoded into the type the
caller names, so what it does not read is never kept.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from types import GenericAlias
from typing import Any

import aiohttp
import msgspec

from podlane.clients.kube import answers
from podlane.clients.kube.api import KubeApi
from podlane.clients.kube.kinds import Kind
from podlane.errors import Gone, ServiceError, Unavailable

_PAGE = 250
_WATCH_SECONDS = 300
_SILENCE_SECONDS = 360.0
_MAX_PAUSE = 10.0


class Query(msgspec.Struct, frozen=True):
    """`item`: the msgspec type of one object, or dict."""

    kind: Kind
    namespace: str
    selector: str
    metadata_only: bool = False
    item: Any = dict


class Listed(msgspec.Struct, frozen=True):
    items: list[Any]


class Changed(msgspec.Struct, frozen=True):
    """`type`: ADDED, MODIFIED or DELETED."""

    type: str
    item: Any


class Broken(msgspec.Struct, frozen=True):
    """The API is out of sight; it is tried again. Said once for each time."""

    error: Exception


class _ListMeta(msgspec.Struct, frozen=True, rename="camel"):
    resource_version: str = ""
    continue_: str = msgspec.field(name="continue", default="")


class _Frame(msgspec.Struct, frozen=True):
    type: str
    object: msgspec.Raw


class _Versioned(msgspec.Struct, frozen=True):
    metadata: _ListMeta = _ListMeta()


async def follow(api: KubeApi, query: Query) -> AsyncIterator[Listed | Changed | Broken]:
    """Yield the world as a list, then its changes, again and again. Never ends by itself."""
    pause, is_broken = 0.5, False
    while True:
        try:
            items, version = await _list(api, query)
            yield Listed(items)
            pause, is_broken = 0.5, False
            async for change in _watch(api, query, version):
                yield change
        except Gone:
            continue
        except ServiceError as error:
            if not is_broken:
                is_broken = True
                yield Broken(error)
            told = error.retry_after if isinstance(error, Unavailable) else None
            await asyncio.sleep(told or pause * random.uniform(0.75, 1.0))
            pause = min(pause * 2, _MAX_PAUSE)


async def _list(api: KubeApi, query: Query) -> tuple[list[Any], str]:
    items_type = GenericAlias(list, (query.item,))
    page_type = msgspec.defstruct("Page", [("metadata", _ListMeta), ("items", items_type | None)])
    path, token = query.kind.path(query.namespace), ""
    items: list[Any] = []
    while True:
        words = {"labelSelector": query.selector, "limit": str(_PAGE)}
        words |= {"continue": token} if token else {}
        answer = await api.read(path, words, metadata_only=query.metadata_only)
        page: Any = msgspec.json.decode(answer.body, type=page_type)
        items += page.items or []  # an empty list may be null
        token = page.metadata.continue_
        if not token:
            return items, page.metadata.resource_version


async def _watch(api: KubeApi, query: Query, version: str) -> AsyncIterator[Changed]:
    """Watch from `version`, opening the watch anew at its time-out, until something is wrong."""
    decoder: Any = msgspec.json.Decoder(query.item)
    while True:
        words = {
            "watch": "1",
            "labelSelector": query.selector,
            "resourceVersion": version,
            "allowWatchBookmarks": "true",
            "timeoutSeconds": str(_WATCH_SECONDS),
        }
        opened = api.watch(
            query.kind.path(query.namespace),
            words,
            metadata_only=query.metadata_only,
            timeout=_SILENCE_SECONDS,
        )
        async with opened as stream:
            async for line in _lines(stream):
                frame = msgspec.json.decode(line, type=_Frame)
                if frame.type == "ERROR":
                    status = msgspec.json.decode(frame.object, type=answers.Status)
                    raise answers.error_of_status(status, status.code)
                version = msgspec.json.decode(
                    frame.object, type=_Versioned
                ).metadata.resource_version
                if frame.type != "BOOKMARK":
                    yield Changed(frame.type, decoder.decode(frame.object))


async def _lines(stream: aiohttp.StreamReader) -> AsyncIterator[bytes]:
    """Cut a stream into lines of any length. Trouble on the way is Unavailable."""
    pieces: list[bytes] = []
    try:
        async for chunk in stream.iter_any():
            *whole, rest = chunk.split(b"\n")
            for end in whole:
                yield b"".join([*pieces, end])
                pieces = []
            if rest:
                pieces.append(rest)
    except (aiohttp.ClientError, TimeoutError, OSError) as error:
        raise Unavailable(f"the watch broke: {error}", service="kubernetes") from error
