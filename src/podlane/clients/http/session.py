"""HTTP on asyncio, for the manager. Foreign errors become ours here.

Few connections and small buffers: asyncio's TLS keeps 256 KiB for each connection, uvloop's does
not, so the manager runs on uvloop where it can.
"""

from __future__ import annotations

import asyncio
import ssl
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlsplit

import aiohttp

from podlane.clients.http.request import Answer, Request
from podlane.clients.http.tls import NO_FILES, TlsFiles, make_context
from podlane.errors import Rejected, Unavailable


class HttpSession:
    """One pool of connections to one service. Made lazily: it may be built outside a loop."""

    def __init__(
        self,
        tls: TlsFiles = NO_FILES,
        *,
        user_agent: str,
        service: str = "gitlab",
        context: ssl.SSLContext | None = None,
    ) -> None:
        self._tls = tls
        self._context = context
        self._user_agent = user_agent
        self._service = service
        self._session: aiohttp.ClientSession | None = None

    async def send(self, request: Request, *, timeout: float = 60) -> Answer:
        """Send and read the whole answer. Unavailable on trouble on the way."""
        async with self.stream(request, timeout=timeout) as response:
            try:
                body = await response.read()
            except (aiohttp.ClientError, TimeoutError, OSError) as error:
                raise self._unavailable(request, error) from error
            return Answer(response.status, lower(response.headers), body)

    @asynccontextmanager
    async def stream(
        self, request: Request, *, timeout: float
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        """Send, and let the caller read the answer as it comes."""
        limits = aiohttp.ClientTimeout(total=None, sock_connect=30, sock_read=timeout)
        try:
            response = await self._open().request(
                request.method,
                request.url,
                data=request.body or None,
                headers={"X-Request-Id": uuid.uuid4().hex, **request.headers},
                timeout=limits,
                allow_redirects=False,
            )
        except aiohttp.ClientConnectorCertificateError as error:
            raise self._untrusted(request, error) from error
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise self._unavailable(request, error) from error
        async with response:
            yield response

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()
            self._session = None

    def _open(self) -> aiohttp.ClientSession:
        if self._session is None or self._session.closed:
            if self._context is None:
                self._context = make_context(self._tls)
            connector = aiohttp.TCPConnector(ssl=self._context, limit=32, keepalive_timeout=60)
            self._session = aiohttp.ClientSession(
                connector=connector,
                trust_env=True,
                headers={"User-Agent": self._user_agent, "Accept-Encoding": "identity"},
                auto_decompress=False,
            )
        return self._session

    def _unavailable(self, request: Request, error: Exception) -> Unavailable:
        what = (
            "no answer in time"
            if isinstance(error, (TimeoutError, asyncio.TimeoutError))
            else str(error)
        )
        return Unavailable(
            f"{where(request)}: {what or type(error).__name__}", service=self._service
        )

    def _untrusted(self, request: Request, error: Exception) -> Rejected:
        return Rejected(
            f"{where(request)}: the certificate is not trusted: {error}",
            service=self._service,
            details="certificate",
        )


def where(request: Request) -> str:
    """Method, scheme, host and path: no credentials, no query."""
    parts = urlsplit(request.url)
    port = f":{parts.port}" if parts.port else ""
    return f"{request.method} {parts.scheme}://{parts.hostname}{port}{parts.path}"


def lower(headers: Any) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}
