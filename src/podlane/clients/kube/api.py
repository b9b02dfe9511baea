"""One API server: create, get, list, watch, patch, delete. Plain dicts in and out.

Errors: Gone (404, 410), Unavailable (429, 5xx, no answer; `retry_after` if told), Rejected (the
rest; `details` is the API's reason, such as `AlreadyExists`). A server that says "too many
requests, come again in so many seconds" has done nothing yet and is asked again; a token that is
refused is renewed once.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlencode

import aiohttp
import msgspec

from podlane.clients.http.request import Answer, Request
from podlane.clients.http.session import TROUBLE, HttpSession, Seen, lower
from podlane.clients.kube import answers
from podlane.clients.kube.access import Access
from podlane.clients.kube.budget import Budget
from podlane.clients.kube.kinds import POD, Kind
from podlane.errors import ServiceError, Unavailable

Manifest = dict[str, Any]
_METADATA = "application/json;as=PartialObjectMetadata{};g=meta.k8s.io;v=v1"
_BUSY_TRIES = 5
_BRIEF = {"Accept": f"{_METADATA.format('')}, application/json;q=0.5"}
_DRY = "dryRun=All&fieldValidation=Strict"
_LONGEST_PAUSE = 30.0
_PROXY_SILENCE = 120.0
_LOG_SILENCE = 24 * 3600.0


class KubeApi:
    def __init__(self, access: Access, *, user_agent: str) -> None:
        self._access = access
        self._budget = Budget()
        self._session = HttpSession(
            user_agent=user_agent, service="kubernetes", route=access.route, max_age=0
        )

    def seen_by(self, seen: Seen) -> None:
        """Have each call told to somebody who counts."""
        self._session.seen = seen

    async def create(self, kind: Kind, namespace: str, manifest: Manifest) -> Manifest:
        """Create the object; of the answer only its metadata is asked for and returned."""
        return _object(await self._send("POST", kind.path(namespace), manifest, _BRIEF))

    async def try_create(
        self, kind: Kind, namespace: str, manifest: Manifest
    ) -> tuple[Manifest, tuple[str, ...]]:
        """A dry run of `create`: the object as the API would keep it, and the API's warnings.

        Every part of the API has its say, and nothing is kept. A field it does not know is refused.
        """
        path = f"{kind.path(namespace)}?{_DRY}"
        answer = await self._send("POST", path, manifest)
        return _object(answer), answers.warnings(answer)

    async def get(self, kind: Kind, namespace: str, name: str) -> Manifest:
        return _object(await self._send("GET", kind.path(namespace, name)))

    async def patch(self, kind: Kind, namespace: str, name: str, patch: Manifest) -> Manifest:
        """Apply a JSON merge patch."""
        kind_of_patch = {"Content-Type": "application/merge-patch+json"}
        return _object(await self._send("PATCH", kind.path(namespace, name), patch, kind_of_patch))

    async def apply(self, address: str, manifest: Manifest) -> Manifest:
        """Send a manifest by server-side apply; `address`: path and query (objects.py)."""
        kind_of_patch = {"Content-Type": "application/apply-patch+yaml"}
        return _object(await self._send("PATCH", address, manifest, kind_of_patch))

    async def create_object(self, address: str, manifest: Manifest) -> Manifest:
        """POST an object and return it whole; `address`: path and query."""
        return _object(await self._send("POST", address, manifest))

    async def read_object(self, path: str) -> Manifest:
        return _object(await self._send("GET", path))

    async def patch_object(self, path: str, patch: Manifest) -> Manifest:
        """Apply a JSON merge patch."""
        kind_of_patch = {"Content-Type": "application/merge-patch+json"}
        return _object(await self._send("PATCH", path, patch, kind_of_patch))

    async def put_object(self, path: str, manifest: Manifest) -> Manifest:
        return _object(await self._send("PUT", path, manifest))

    async def delete_object(self, path: str) -> None:
        """Delete in the background."""
        options = {"apiVersion": "v1", "kind": "DeleteOptions", "propagationPolicy": "Background"}
        await self._send("DELETE", path, options, _BRIEF)

    async def replace(self, kind: Kind, namespace: str, name: str, manifest: Manifest) -> Manifest:
        """PUT the object; Rejected with `Conflict` when its resourceVersion is not the newest."""
        return _object(await self._send("PUT", kind.path(namespace, name), manifest))

    async def delete(
        self,
        kind: Kind,
        namespace: str,
        name: str,
        *,
        grace_seconds: int | None = None,
        only: Mapping[str, str] | None = None,
    ) -> None:
        """Delete in the background; `only`: an object of this `uid`, or still in this
        `resourceVersion`, and no other (Rejected, Conflict)."""
        options: Manifest = {"apiVersion": "v1", "kind": "DeleteOptions"}
        options["propagationPolicy"] = "Background"
        if grace_seconds is not None:
            options["gracePeriodSeconds"] = grace_seconds
        if only:
            options["preconditions"] = dict(only)
        answer = await self._send("DELETE", kind.path(namespace, name), options, _BRIEF)
        if answer.status >= 400:
            raise answers.error_of(answer)

    async def read(self, path: str, query: dict[str, str], *, metadata_only: bool) -> Answer:
        """GET a list, as bytes: the caller decodes only what it keeps."""
        accept = {"Accept": _METADATA.format("List")} if metadata_only else {}
        return await self._send("GET", f"{path}?{urlencode(query)}", None, accept)

    @asynccontextmanager
    async def watch(
        self, path: str, query: dict[str, str], *, metadata_only: bool, timeout: float
    ) -> AsyncIterator[AsyncIterator[bytes]]:
        """Open a watch; the caller reads chunks. `timeout`: seconds of silence that are too long.

        Trouble on the way is Unavailable, here and while reading.
        """
        accept = {"Accept": _METADATA.format("") if metadata_only else "application/json"}
        async with self._open(f"{path}?{urlencode(query)}", accept, timeout) as chunks:
            yield chunks

    async def log_tail(self, namespace: str, pod: str, lines: int) -> str:
        """The last lines that a pod's only container has printed."""
        path = f"{POD.path(namespace, pod)}/log?{urlencode({'tailLines': str(lines)})}"
        answer = await self._send("GET", path, None, {"Accept": "*/*"})
        return answer.body.decode(errors="replace")

    @asynccontextmanager
    async def log(
        self, namespace: str, pod: str, container: str
    ) -> AsyncIterator[AsyncIterator[bytes]]:
        """Follow what a container prints, from its beginning; errors as in `watch`."""
        query = urlencode({"container": container, "follow": "true"})
        path = f"{POD.path(namespace, pod)}/log?{query}"
        async with self._open(path, {"Accept": "*/*"}, _LOG_SILENCE) as chunks:
            yield chunks

    @asynccontextmanager
    async def _open(
        self, path: str, accept: dict[str, str], timeout: float
    ) -> AsyncIterator[AsyncIterator[bytes]]:
        for is_last in (False, True):
            await self._prepare()
            request = self._request("GET", path, None, accept)
            async with self._session.stream(request, timeout=timeout) as response:
                if response.status < 400:
                    yield self._chunks(request, response)
                    return
                error = await self._refusal(request, response)
            if is_last or error.status != 401 or not await self._renew():
                raise error

    @asynccontextmanager
    async def proxy(
        self, method: str, path: str, headers: dict[str, str], body: bytes
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        """Pass a request on by way of the API server; `path` is that of a `…/proxy` subresource.

        The answer is the other side's own, whatever its status.
        """
        await self._prepare()
        request = self._request(method, path, None, headers)
        whole = msgspec.structs.replace(request, body=body)
        async with self._session.stream(whole, timeout=_PROXY_SILENCE) as response:
            yield response

    async def close(self) -> None:
        await self._session.close()

    async def _chunks(
        self, request: Request, response: aiohttp.ClientResponse
    ) -> AsyncIterator[bytes]:
        try:
            async for chunk in response.content.iter_any():
                yield chunk
        except TROUBLE as error:
            raise self._session.trouble(request, error) from error

    async def _refusal(self, request: Request, response: aiohttp.ClientResponse) -> ServiceError:
        try:
            body = await response.read()
        except TROUBLE as error:
            return self._session.trouble(request, error)
        return answers.error_of(Answer(response.status, lower(response.headers), body))

    async def _send(
        self,
        method: str,
        path: str,
        body: Manifest | None = None,
        headers: dict[str, str] | None = None,
    ) -> Answer:
        """Send until there is a good answer, or an error that is the caller's matter."""
        is_renewed = False
        for left in range(_BUSY_TRIES, -1, -1):
            await self._budget.take()
            await self._prepare()
            answer = await self._session.send(self._request(method, path, body, headers))
            if answer.status < 400:
                return answer
            error = answers.error_of(answer)
            if answer.status == 401 and not is_renewed:
                is_renewed = True
                if await self._renew():
                    continue
            pause = error.retry_after if isinstance(error, Unavailable) else None
            if not left or answer.status not in (429, 503) or pause is None:
                raise error
            await asyncio.sleep(min(pause, _LONGEST_PAUSE))
        raise error

    async def _prepare(self) -> None:
        if self._access.credential.is_stale():
            await asyncio.to_thread(self._access.credential.renew, is_refused=False)

    async def _renew(self) -> bool:
        return await asyncio.to_thread(self._access.credential.renew, is_refused=True)

    def _request(
        self, method: str, path: str, body: Manifest | None, headers: dict[str, str] | None
    ) -> Request:
        sent = {"Accept": "application/json"} | (headers or {})
        bearer = self._access.credential.bearer()
        if bearer:
            sent["Authorization"] = f"Bearer {bearer}"
        data = b""
        if body is not None:
            data = msgspec.json.encode(body)
            sent.setdefault("Content-Type", "application/json")
        return Request(method, self._access.url + path, sent, data)


def _object(answer: Answer) -> Manifest:
    found = answers.decode(answer)
    assert isinstance(found, dict)
    return found
