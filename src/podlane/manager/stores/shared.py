"""A runner's shared cache, as a job's launch sees it: it answers soon, and it never fails.

A store or cloud that does not answer costs the job its shared cache and one line in its log, and
for half a minute, later for up to five, the jobs that follow do not ask.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Mapping
from typing import Protocol

from podlane.clients.http.request import Request
from podlane.clients.http.session import HttpSession
from podlane.core.config.cache import missing, s3_settings
from podlane.core.config.model import RunnerConfig
from podlane.core.plan.store import Ask, Shelf, Signed, Window
from podlane.core.text.token import Token, short_token
from podlane.errors import Rejected, ServiceError
from podlane.manager.stores.azure import AzureStore
from podlane.manager.stores.gcs import GcsStore
from podlane.manager.stores.s3 import S3Store

log = logging.getLogger(__name__)
_PATIENCE = 2.5
_WARM_PATIENCE = 20.0
_PAUSE, _LONGEST_PAUSE = 30.0, 300.0


class Store(Protocol):
    async def warm(self) -> None: ...

    async def fill(self, ask: Ask) -> Shelf: ...

    async def removal(self, name: str, window: Window) -> Signed | None: ...


class SharedCache:
    def __init__(self, store: Store | None, session: HttpSession, trouble: str = "") -> None:
        self._store = store
        self._session = session
        self._trouble = trouble
        self._pause = _PAUSE
        self._pause_until = float("inf") if store is None else 0.0

    async def warm(self) -> None:
        """Fetch credentials before the first job needs them."""
        if self._store is None:
            return
        try:
            async with asyncio.timeout(_WARM_PATIENCE):
                await self._store.warm()
        except (ServiceError, TimeoutError) as error:
            fields = {"error": _reason(error), "hint": getattr(error, "hint", "")}
            log.warning("The shared cache cannot be used yet", extra={"fields": fields})

    async def shelf(self, ask: Ask) -> Shelf:
        if not ask.wanted:
            return Shelf()
        if self._store is None or time.monotonic() < self._pause_until:
            return self._without()
        try:
            async with asyncio.timeout(_PATIENCE):
                found = await self._store.fill(ask)
        except (ServiceError, TimeoutError) as error:
            self._trouble = _reason(error)
            if not isinstance(error, Rejected):  # which is soon said, and may be this job's alone
                self._pause_until = time.monotonic() + self._pause
                self._pause = min(2 * self._pause, _LONGEST_PAUSE)
            return self._without()
        self._pause = _PAUSE
        return found

    async def abandon(self, uploads: tuple[Token, ...]) -> None:
        """Abort uploads that nobody will go on with, as far as the store lets us."""
        for url in uploads:
            request = Request("DELETE", url.reveal())
            try:
                status = (await self._session.send(request, timeout=_PATIENCE)).status
            except ServiceError as error:
                trouble = error.message
            else:
                trouble = "" if status in (200, 204, 404) else f"the store answered {status}"
            if trouble:
                fields = {"error": trouble}
                log.warning("An upload of a cache stays open", extra={"fields": fields})
                return

    def _without(self) -> Shelf:
        text = f"No shared cache for this job, caches stay in cache_dir: {self._trouble}"
        return Shelf(warnings=(text,))


def open_cache(
    settings: RunnerConfig, session: HttpSession, environ: Mapping[str, str]
) -> SharedCache | None:
    """None where the config asks for no shared cache."""
    cache = settings.cache
    if not cache.type:
        return None
    if lacking := missing(cache):
        return SharedCache(None, session, f"[runners.cache] lacks `{lacking}`")
    return SharedCache(open_store(settings, session, environ), session)


def open_store(settings: RunnerConfig, session: HttpSession, environ: Mapping[str, str]) -> Store:
    """The store that `[runners.cache]` names, of which nothing is missing."""
    cache = settings.cache
    match cache.type:
        case "s3":
            name = short_token(settings.token)
            return S3Store(s3_settings(cache), session, environ, name)
        case "gcs":
            return GcsStore(cache.gcs, session, environ)
        case _:
            return AzureStore(cache.azure, session, environ)


def _reason(error: ServiceError | TimeoutError) -> str:
    if isinstance(error, ServiceError):
        return error.message
    return "the store or its cloud did not answer in time"
