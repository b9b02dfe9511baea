"""One API server: create, get, list, watch, patch, delete. Plain dicts in and out.

Errors: Gone (404, 410), Unavailable (429, 5xx, no answer; `retry_after` if told), Rejected (the
rest; `details` is the API's reason, such as `AlreadyExists`).
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlencode

import aiohttp
import msgspec

from podlane.clients.http.request import Answer, Request
from podlane.clients.http.session import HttpSession, lower
from podlane.clients.kube import answers
from podlane.clients.kube.access import Access
from podlane.clients.kube.kinds import Kind

Manifest = dict[str, Any]
_METADATA = "application/json;as=PartialObjectMetadata{};g=meta.k8s.io;v=v1"


class KubeApi:
    def __init__(self, access: Access, *, user_agent: str) -> None:
        self._access = access
        self._session = HttpSession(
            user_agent=user_agent, service="kubernetes", context=access.context
        )

    async def create(self, kind: Kind, namespace: str, manifest: Manifest) -> Manifest:
        return answers.decode(await self._send("POST", kind.path(namespace), manifest))

    async def get(self, kind: Kind, namespace: str, name: str) -> Manifest:
        return answers.decode(await self._send("GET", kind.path(namespace, name)))

    async def patch(self, kind: Kind, namespace: str, name: str, patch: Manifest) -> Manifest:
        """Apply a JSON merge patch."""
        kind_of_patch = {"Content-Type": "application/merge-patch+json"}
        answer = await self._send("PATCH", kind.path(namespace, name), patch, kind_of_patch)
        return answers.decode(answer)

    async def replace(self, kind: Kind, namespace: str, name: str, manifest: Manifest) -> Manifest:
        """PUT the object; Rejected with `Conflict` when its resourceVersion is not the newest."""
        return answers.decode(await self._send("PUT", kind.path(namespace, name), manifest))

    async def delete(
        self,
        kind: Kind,
        namespace: str,
        name: str,
        *,
        grace_seconds: int | None = None,
        uid: str = "",
    ) -> None:
        """Delete in the background; with `uid` only that very object (else Rejected, Conflict)."""
        options: Manifest = {"apiVersion": "v1", "kind": "DeleteOptions"}
        options["propagationPolicy"] = "Background"
        if grace_seconds is not None:
            options["gracePeriodSeconds"] = grace_seconds
        if uid:
            options["preconditions"] = {"uid": uid}
        answers.decode(await self._send("DELETE", kind.path(namespace, name), options))

    async def read(self, path: str, query: dict[str, str], *, metadata_only: bool) -> Answer:
        """GET a list, as bytes: the caller decodes only what it keeps."""
        accept = {"Accept": _METADATA.format("List")} if metadata_only else {}
        answer = await self._send("GET", f"{path}?{urlencode(query)}", None, accept)
        if answer.status >= 400:
            raise answers.error_of(answer)
        return answer

    @asynccontextmanager
    async def watch(
        self, path: str, query: dict[str, str], *, metadata_only: bool, timeout: float
    ) -> AsyncIterator[aiohttp.StreamReader]:
        """Open a watch; the caller reads lines. `timeout`: seconds of silence that are too long."""
        accept = {"Accept": _METADATA.format("")} if metadata_only else {}
        request = self._request("GET", f"{path}?{urlencode(query)}", None, accept)
        async with self._session.stream(request, timeout=timeout) as response:
            if response.status >= 400:
                body = await response.read()
                raise answers.error_of(Answer(response.status, lower(response.headers), body))
            yield response.content

    async def close(self) -> None:
        await self._session.close()

    async def _send(
        self,
        method: str,
        path: str,
        body: Manifest | None = None,
        headers: dict[str, str] | None = None,
    ) -> Answer:
        return await self._session.send(self._request(method, path, body, headers))

    def _request(
        self, method: str, path: str, body: Manifest | None, headers: dict[str, str] | None
    ) -> Request:
        sent = {"Accept": "application/json"} | (headers or {})
        bearer = self._access.bearer()
        if bearer:
            sent["Authorization"] = f"Bearer {bearer}"
        data = b""
        if body is not None:
            data = msgspec.json.encode(body)
            sent.setdefault("Content-Type", "application/json")
        return Request(method, self._access.url + path, sent, data)
