"""HTTP on asyncio, for the manager. Foreign errors become ours here.

A session is a pool of connections under one TLS context. When a certificate file has changed, or
the pool has come of age, new calls go to a new pool, and the old one closes with its last answer.
"""

from __future__ import annotations

import os
import socket
import ssl
import time
import uuid
from asyncio import sslproto
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import msgspec
import yarl

from podlane.clients.http import trouble
from podlane.clients.http.proxy import Proxy, find_proxy, parse_proxy
from podlane.clients.http.request import Answer, Request
from podlane.clients.http.tls import NO_FILES, TlsContext, TlsFiles
from podlane.errors import ConfigError, ServiceError, Unavailable

ContextOf = Callable[[], ssl.SSLContext | None]
Seen = Callable[[Request, int, float], None]  # a call, its status or 0, its seconds
TROUBLE = (aiohttp.ClientError, TimeoutError, OSError)
_TLS_BUFFER = 32 * 1024
_CONNECTIONS = 32


class Route(msgspec.Struct, frozen=True):
    """A way to a service that files and environment do not tell: a context of the caller's (the
    same object as long as it is good), a proxy, the name the certificate must have."""

    context: ContextOf
    proxy_url: str = ""
    server_name: str = ""


class HttpSession:
    """One service. Made lazily: it may be built outside a loop. `max_age`: seconds that a pool of
    connections is used, 0: for ever."""

    def __init__(
        self,
        tls: TlsFiles = NO_FILES,
        *,
        user_agent: str,
        service: str = "gitlab",
        route: Route | None = None,
        max_age: float = 900,
    ) -> None:
        self._tls = TlsContext(tls)
        self.client_certificate = tls.read_client
        self._route = route or Route(self._tls)
        self._user_agent = user_agent
        self._service = service
        self._max_age = max_age
        self._pools: list[_Pool] = []
        self.seen: Seen = lambda *_: None  # told of each call once its answer begins

    async def send(self, request: Request, *, timeout: float = 60) -> Answer:
        """Send and read the whole answer within `timeout`. Unavailable on trouble on the way."""
        limits = aiohttp.ClientTimeout(total=timeout, sock_connect=30)
        async with self._ask(request, limits) as response:
            try:
                body = await response.read()
            except TROUBLE as error:
                raise self.trouble(request, error) from error
            return Answer(response.status, lower(response.headers), body)

    @asynccontextmanager
    async def stream(
        self, request: Request, *, timeout: float
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        """Send, and let the caller read the answer as it comes, with at most `timeout` seconds of
        silence. The caller turns what goes wrong then (TROUBLE) into ours by `trouble`."""
        limits = aiohttp.ClientTimeout(total=None, sock_connect=30, sock_read=timeout)
        async with self._ask(request, limits) as response:
            yield response

    def ca_certificates(self) -> str:
        """What others need to trust the same server (PEM); "" when it is not known yet."""
        return self._tls.ca_certificates()

    async def close(self) -> None:
        while self._pools:
            await self._pools.pop().session.close()

    def trouble(self, request: Request, error: BaseException) -> ServiceError:
        """Our error for one of aiohttp's."""
        if isinstance(error, aiohttp.ClientConnectorCertificateError):
            return trouble.untrusted(request, self._service, error.certificate_error)
        return trouble.unavailable(request, self._service, _reason(error))

    @asynccontextmanager
    async def _ask(
        self, request: Request, limits: aiohttp.ClientTimeout
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        pool = await self._fresh_pool()
        pool.busy += 1
        began, status = time.monotonic(), 0
        try:
            try:
                response = await pool.session.request(
                    request.method,
                    yarl.URL(request.url, encoded=True),
                    data=request.body or None,
                    timeout=limits,
                    allow_redirects=False,
                    **self._extras(request),
                )
                status = response.status
            except (*TROUBLE, ValueError) as error:  # yarl's, for what is no URL
                raise self.trouble(request, error) from error
            finally:
                self.seen(request, status, time.monotonic() - began)
            async with response:
                yield response
        finally:
            pool.busy -= 1
            await self._close_retired()

    def _extras(self, request: Request) -> dict[str, Any]:
        headers = {"X-Request-Id": uuid.uuid4().hex, **request.headers}
        extras: dict[str, Any] = {"headers": headers}
        if self._route.server_name:
            extras["server_hostname"] = self._route.server_name
        proxy = self._proxy(request.url)
        if proxy is not None:
            extras["proxy"] = proxy.url
            if request.url.startswith("https:"):
                extras["proxy_headers"] = proxy.headers()
            else:
                headers |= proxy.headers()
        return extras

    def _proxy(self, url: str) -> Proxy | None:
        if self._route.proxy_url:
            return parse_proxy(self._route.proxy_url)
        return find_proxy(url, os.environ)

    async def _fresh_pool(self) -> _Pool:
        try:
            context = self._route.context()
        except ConfigError as error:
            unavailable = Unavailable(error.message, service=self._service)
            unavailable.hint = error.hint
            raise unavailable from error
        newest = self._pools[-1] if self._pools else None
        if newest is None or newest.is_stale(context, self._max_age):
            newest = _Pool(context, self._user_agent)
            self._pools.append(newest)
            await self._close_retired()
        return newest

    async def _close_retired(self) -> None:
        for pool in [pool for pool in self._pools[:-1] if not pool.busy]:
            self._pools.remove(pool)
            await pool.session.close()


class _Pool:
    """Connections under one TLS context; `busy`: calls that are not over."""

    def __init__(self, context: ssl.SSLContext | None, user_agent: str) -> None:
        shrink_tls_buffers()
        self.busy = 0
        self._context = context
        self._born = time.monotonic()
        connector = aiohttp.TCPConnector(
            ssl=context if context is not None else True,
            limit=_CONNECTIONS,
            keepalive_timeout=60,
            socket_factory=_socket,
        )
        self.session = aiohttp.ClientSession(
            connector=connector,
            headers={"User-Agent": user_agent, "Accept-Encoding": "identity"},
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
        )

    def is_stale(self, context: ssl.SSLContext | None, max_age: float) -> bool:
        is_old = max_age > 0 and time.monotonic() > self._born + max_age
        return is_old or context is not self._context or self.session.closed


def shrink_tls_buffers() -> None:
    """Keep asyncio from allotting 256 KiB to each TLS connection (uvloop does not do so)."""
    protocol: Any = sslproto.SSLProtocol
    if getattr(protocol, "max_size", 0) > _TLS_BUFFER:
        protocol.max_size = _TLS_BUFFER


def _socket(address: aiohttp.AddrInfoType) -> socket.socket:
    """A socket that notices within two minutes that the other side is no more: a long poll or a
    watch may be silent for minutes by right."""
    made = socket.socket(address[0], address[1], address[2])
    made.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in (("TCP_KEEPIDLE", 30), ("TCP_KEEPINTVL", 15), ("TCP_KEEPCNT", 4)):
        if hasattr(socket, name):
            made.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)
    return made


def _reason(error: BaseException) -> str:
    """aiohttp's own texts name URLs, proxies' credentials and addresses of objects: not these."""
    if isinstance(error, aiohttp.ClientResponseError):
        return f"the proxy or server answered {error.status} {error.message}"[:200]
    if isinstance(error, ValueError):  # aiohttp's InvalidURL is one, too
        return "this is no valid URL"
    if isinstance(error, aiohttp.ClientConnectorError):
        who = "the proxy" if isinstance(error, aiohttp.ClientProxyConnectionError) else ""
        said = trouble.reason(error.os_error)
        return f"{who}: {said}" if who else said
    if isinstance(error, aiohttp.ServerDisconnectedError | aiohttp.ClientPayloadError):
        return "the connection was closed in the middle of an answer"
    return trouble.reason(error)


def lower(headers: Any) -> dict[str, str]:
    """By lower-case names; of a header that comes several times, such as Warning, all values."""
    return {name.lower(): ", ".join(headers.getall(name)) for name in headers}
