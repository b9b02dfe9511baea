"""What a job asks of a store, and requests as the helper would send them."""

from __future__ import annotations

import asyncio
import http.client
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from podlane.core.plan.store import (
    Ask,
    Shelf,
    Signed,
    Wanted,
    Window,
)
from podlane.core.text.token import Token
from podlane.manager.stores.shared import SharedCache

NAME = "project/1/schlüssel a+b~*/c"
Open = Callable[..., SharedCache]


def ask(*wanted: Wanted, seconds: float = 3600, **more: Any) -> Ask:
    both = (Wanted(NAME, "k", is_read=True, is_written=True),)
    return Ask(wanted or both, Window(time.time(), seconds), **more)


def send(method: str, signed: Signed | None, body: bytes = b"") -> tuple[int, bytes]:
    assert signed
    parts = urlsplit(signed.url.reveal())
    connection = http.client.HTTPConnection(parts.netloc, timeout=20)
    try:
        headers = {name: value.reveal() for name, value in signed.headers.items()}
        connection.request(method, f"{parts.path}?{parts.query}", body, headers)
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


async def told(method: str, signed: Signed | None, body: bytes = b"") -> tuple[int, bytes]:
    return await asyncio.to_thread(send, method, signed, body)


def moved(signed: Signed | None) -> Signed:
    """The same request, for another object."""
    assert signed
    url = signed.url.reveal().replace("/c?", "/d?")
    assert url != signed.url.reveal()
    return Signed(Token(url), signed.headers)


async def check_single_requests(shelf: Shelf) -> None:
    """PUT, HEAD and GET of the one object do what they are for; nothing else is allowed."""
    assert not shelf.warnings
    one = shelf.objects[NAME]
    assert (await told("GET", one.get))[0] == 404
    assert (await told("PUT", one.put, b"content"))[0] in (200, 201)
    assert (await told("HEAD", one.head))[0] == 200
    assert await told("GET", one.get) == (200, b"content")
    assert (await told("PUT", one.get, b"other"))[0] in (400, 403)
    assert (await told("PUT", moved(one.put), b"other"))[0] in (400, 403)
    assert (await told("GET", moved(one.get)))[0] in (400, 403)
    assert await told("GET", one.get) == (200, b"content")
