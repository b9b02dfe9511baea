"""Where a URL leads, and a connection to it by blocking sockets: straight, or through a proxy."""

from __future__ import annotations

import http.client
import ssl
from collections.abc import Callable
from typing import NamedTuple
from urllib.parse import urlsplit

from podlane.clients.http.proxy import Proxy

BLOCK = 256 * 1024


class Address(NamedTuple):
    scheme: str
    host: str
    port: int


def address(url: str) -> Address:
    """ValueError when it is no URL."""
    parts = urlsplit(url)
    return Address(
        parts.scheme, parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)
    )


def target(url: str, *, is_whole: bool) -> str:
    """What stands in the request's first line; `is_whole`: as a plain proxy wants it."""
    parts = urlsplit(url)
    path = f"{parts.path or '/'}{'?' + parts.query if parts.query else ''}"
    return f"http://{parts.netloc.rpartition('@')[2]}{path}" if is_whole else path


def connection(
    to: Address, proxy: Proxy | None, timeout: float, context: Callable[[], ssl.SSLContext]
) -> http.client.HTTPConnection:
    """Not connected yet: the first request does that. `context` is called for TLS only."""
    host, port = (proxy.host, proxy.port) if proxy else (to.host, to.port)
    if to.scheme == "http":
        return http.client.HTTPConnection(host, port, timeout=timeout, blocksize=BLOCK)
    made = http.client.HTTPSConnection(
        host, port, timeout=timeout, context=context(), blocksize=BLOCK
    )
    if proxy is not None:
        made.set_tunnel(to.host, to.port, proxy.headers())
    return made
