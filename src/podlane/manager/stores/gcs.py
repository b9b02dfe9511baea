"""Google Cloud Storage: signed by a key in hand, or by Google's IAM for the manager's identity."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping

from podlane.clients.cloudauth import google
from podlane.clients.cloudauth.google import KeyFile, Workload
from podlane.clients.cloudauth.send import run
from podlane.clients.http.session import HttpSession
from podlane.core.config.cache import GcsCache
from podlane.core.plan import gcs
from podlane.core.plan.store import Ask, Shelf, Signed, StoreObject, Wanted, Window
from podlane.core.sign.gcs import RsaKey, finish
from podlane.core.text.token import Token
from podlane.errors import Rejected
from podlane.manager.stores.keyring import Keyring

Sign = Callable[[bytes], Awaitable[bytes]]


class GcsStore:
    def __init__(
        self, settings: GcsCache, session: HttpSession, environ: Mapping[str, str]
    ) -> None:
        self._settings = settings
        self._session = session
        self._environ = environ
        emulator = environ.get("STORAGE_EMULATOR_HOST", "")
        self._bucket = gcs.bucket_url(settings, emulator)
        self._iam = google.iam_url(environ, settings.universe_domain or gcs.UNIVERSE)
        self._file = settings.credentials_file or environ.get("GOOGLE_APPLICATION_CREDENTIALS", "")
        self._key: tuple[str, RsaKey] | None = None
        self._workload = Keyring(self._find)

    async def warm(self) -> None:
        await self._signer(time.time())

    async def fill(self, ask: Ask) -> Shelf:
        account, sign = await self._signer(ask.window.now)
        made = await asyncio.gather(*(self._object(one, ask, account, sign) for one in ask.wanted))
        return Shelf({one.name: one for one in made})

    async def removal(self, name: str, window: Window) -> Signed | None:
        """The DELETE of an object."""
        account, sign = await self._signer(window.now)
        call = gcs.removal(self._bucket, name)
        prepared = gcs.prepare_all({"delete": call}, account, window)["delete"]
        return Signed(Token(finish(prepared, await sign(prepared.text))))

    async def _object(self, want: Wanted, ask: Ask, account: str, sign: Sign) -> StoreObject:
        calls = gcs.calls(want, self._bucket, with_pieces=ask.with_pieces)
        prepared = gcs.prepare_all(calls, account, ask.window)
        signatures = await asyncio.gather(*(sign(one.text) for one in prepared.values()))
        signed = dict(zip(prepared, signatures, strict=True))
        return gcs.make_object(want, prepared, signed, ask.window)

    async def _signer(self, now: float) -> tuple[str, Sign]:
        """Whose signature it is, and the way to it."""
        if self._has_key():
            account, key = self._key = self._key or self._read_key()

            async def sign(text: bytes) -> bytes:
                return key.sign(text)

            return account, sign
        workload = await self._workload.get(now)

        async def ask_iam(text: bytes) -> bytes:
            return await run(google.sign_blob(workload, text, self._iam), self._session)

        return workload.email, ask_iam

    def _has_key(self) -> bool:
        return bool(self._settings.private_key or self._file)

    def _read_key(self) -> tuple[str, RsaKey]:
        found = (
            google.read_key_file(self._file)
            if not self._settings.private_key
            else KeyFile(self._settings.access_id, self._settings.private_key)
        )
        try:
            return found.email, RsaKey(found.private_key)
        except ValueError as error:
            raise Rejected(
                "the private key for Google is no RSA key in PEM", service="store"
            ) from error
        except ImportError as error:
            raise Rejected(
                "signing with Google's private key needs the package `cryptography`",
                service="store",
                hint="install podlane[gcs]",
            ) from error

    async def _find(self, _until: float) -> Workload:
        return await run(google.find_workload(self._environ, time.time()), self._session)
