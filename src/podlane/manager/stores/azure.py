"""Azure's blob storage: signed by the account's key, or by one borrowed for the manager."""

from __future__ import annotations

import time
from collections.abc import Mapping

from podlane.clients.cloudauth import azure as cloud
from podlane.clients.cloudauth.send import run
from podlane.clients.http.session import HttpSession
from podlane.core.config.cache import AzureCache
from podlane.core.plan import azure
from podlane.core.plan.azure import AzureAccess
from podlane.core.plan.store import Ask, Shelf, Signed, Window
from podlane.core.sign.azure import DelegationKey
from podlane.manager.stores.keyring import Keyring


class AzureStore:
    def __init__(
        self, settings: AzureCache, session: HttpSession, environ: Mapping[str, str]
    ) -> None:
        self._settings = settings
        self._session = session
        self._environ = environ
        self._borrowed = Keyring(self._borrow)

    async def warm(self) -> None:
        if not self._settings.account_key:
            await self._borrowed.get(time.time())

    async def fill(self, ask: Ask) -> Shelf:
        window = ask.window
        key = self._settings.account_key or await self._borrowed.get(window.now + window.seconds)
        access = AzureAccess(self._settings, key)
        made = (azure.make_object(want, access, window) for want in ask.wanted)
        return Shelf({one.name: one for one in made})

    async def removal(self, name: str, window: Window) -> Signed | None:
        """The DELETE of a blob."""
        key = self._settings.account_key or await self._borrowed.get(window.now + window.seconds)
        return azure.removal(name, AzureAccess(self._settings, key), window)

    async def _borrow(self, _until: float) -> DelegationKey:
        now = time.time()
        token = await run(cloud.find_token(self._environ, cloud.STORAGE, now), self._session)
        return await run(
            cloud.delegation_key(azure.root(self._settings), token, now), self._session
        )
