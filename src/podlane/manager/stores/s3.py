"""S3: the credentials that sign, the sessions for one object, and uploads opened in parts."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager, nullcontext

import msgspec

from podlane.clients.cloudauth import aws
from podlane.clients.cloudauth.send import run
from podlane.clients.http.request import Request
from podlane.clients.http.session import HttpSession
from podlane.core.config.cache import S3Cache, has_access_key
from podlane.core.plan import s3
from podlane.core.plan.s3 import Bucket, S3Access, Way
from podlane.core.plan.store import Ask, Shelf, Signed, StoreObject, Wanted, Window
from podlane.core.sign.aws import AwsCredentials, Signer
from podlane.errors import Rejected, ServiceError, Unavailable
from podlane.manager.stores.keyring import Keyring, Keyrings

log = logging.getLogger(__name__)
_SESSIONS = 1000
_HOUR = 3600
_SHORTEST, _LONGEST = 900, 12 * _HOUR  # what STS takes
_QUESTION_SECONDS = 2.0


class S3Store:
    """One bucket as one runner's config names it. `name`: of the runner, for AWS's own logs."""

    def __init__(
        self, settings: S3Cache, session: HttpSession, environ: Mapping[str, str], name: str
    ) -> None:
        self._settings = settings
        self._session = session
        self._place: Bucket | None = None
        self._credentials = _Credentials(settings, session, environ, name)

    async def warm(self) -> None:
        """Fetch what any job will need."""
        place = await self._bucket()
        await self._credentials.reader(place.region, time.time())

    async def fill(self, ask: Ask) -> Shelf:
        made = await asyncio.gather(*(self._object(want, ask) for want in ask.wanted))
        warnings = dict.fromkeys(warning for _, warning in made if warning)
        return Shelf({one.name: one for one, _ in made}, tuple(warnings))

    async def removal(self, name: str, window: Window) -> Signed | None:
        """The DELETE of an object; None where whoever writes may not."""
        if self._credentials.role:
            return None
        place = await self._bucket()
        keys = await self._credentials.reader(place.region, window.now + window.seconds)
        return s3.removal(place, name, keys, window)

    async def _object(self, want: Wanted, ask: Ask) -> tuple[StoreObject, str]:
        """The object, and a warning where it cannot have all that was asked for."""
        place, keys = await self._bucket(), self._credentials
        until = ask.window.now + ask.window.seconds
        reader = writer = await keys.reader(place.region, until)
        way, warning = Way(has_session=bool(keys.role)), ""
        if want.is_written and keys.role:
            try:
                writer = await keys.writer(place, want.name, until)
            except Rejected as error:
                warning = f"A cache is not uploaded: {error.message}"
                want = msgspec.structs.replace(want, is_written=False)
        access = S3Access(place, reader, writer, s3.upload_headers(self._settings))
        if want.is_written and ask.with_pieces and not keys.role:
            try:
                way = Way(upload_id=await self._open(want, access, ask.window.now))
            except ServiceError as error:
                warning = f"A cache is uploaded in one piece: {error.message}"
        return s3.make_object(want, access, ask, way), warning

    async def _open(self, want: Wanted, access: S3Access, now: float) -> str:
        """Open an upload in parts. From here on somebody has to complete or to abort it."""
        request = _request(s3.opening(want, access, now))
        answer = await self._session.send(request, timeout=_QUESTION_SECONDS)
        upload_id = s3.upload_id(answer.body) if answer.status == 200 else ""
        if not upload_id:
            text = f"the store answered {answer.status} when an upload in parts was to be opened"
            raise Unavailable(text, service="store", status=answer.status)
        return upload_id

    async def _bucket(self) -> Bucket:
        """Where the bucket is; AWS is asked for its region once, if the config does not tell."""
        if self._place is None:
            region = ""
            if s3.is_aws(self._settings) and not self._settings.bucket_location:
                region = await self._region()
            self._place = s3.bucket(self._settings, region)
        return self._place

    async def _region(self) -> str:
        question = aws.bucket_region(self._settings.bucket_name)
        try:
            region = await run(question, self._session, timeout=_QUESTION_SECONDS)
        except ServiceError:
            region = ""
        if not region:
            fields = {"bucket": self._settings.bucket_name, "taken": s3.DEFAULT_REGION}
            log.warning(
                "Cannot find out the region of the cache's bucket; set BucketLocation",
                extra={"fields": fields},
            )
        return region


class _Credentials:
    """Who signs: the config's keys or the manager's identity, or the role they may assume."""

    def __init__(
        self, settings: S3Cache, session: HttpSession, environ: Mapping[str, str], name: str
    ) -> None:
        self.role = settings.role_arn or settings.upload_role_arn
        self._settings = settings
        self._session = session
        self._environ = environ
        self._name = f"podlane-{name}"[:64]
        self._region = ""
        self._most_seconds = _LONGEST
        self._base = Keyring(self._find)
        self._reader = Keyring(lambda until: self._assume(until, ""))
        self._writers: Keyrings[AwsCredentials] = Keyrings(_SESSIONS)
        most = settings.assume_role_max_concurrency
        self._gate: AbstractAsyncContextManager[object] = (
            nullcontext() if most < 0 else asyncio.Semaphore(most or 5)
        )

    async def reader(self, region: str, until: float) -> AwsCredentials:
        """Signs what is read, and what is written where there is no role."""
        self._region = region
        return await (self._reader if self._settings.role_arn else self._base).get(until)

    async def writer(self, place: Bucket, name: str, until: float) -> AwsCredentials:
        """A session of the role that may write this one object."""
        self._region = place.region
        policy = s3.session_policy(self._settings, place, name)
        if self._settings.disable_assume_role_credentials_caching:
            return await self._assume(until, policy)
        return await self._writers.ring(name, lambda end: self._assume(end, policy)).get(until)

    async def _find(self, _until: float) -> AwsCredentials:
        keys = self._settings
        if has_access_key(keys):
            return AwsCredentials(keys.access_key, keys.secret_key, keys.session_token)
        return await run(aws.find_credentials(self._environ, self._region), self._session)

    async def _assume(self, until: float, policy: str) -> AwsCredentials:
        """Take the role until then, or for an hour where it may not be had for longer."""
        wanted = int(min(max(until - time.time(), _SHORTEST), self._most_seconds))
        async with self._gate:
            try:
                return await self._assume_for(wanted, policy)
            except Rejected as error:
                if "DurationSeconds" not in error.message or wanted <= _HOUR:
                    raise
                self._most_seconds = _HOUR
            return await self._assume_for(_HOUR, policy)

    async def _assume_for(self, seconds: int, policy: str) -> AwsCredentials:
        now = time.time()
        signer = Signer(await self._base.get(now), self._region, "sts", now)
        role = aws.Role(self.role, self._name, policy, seconds)
        return await run(aws.assume_role(role, signer, self._environ), self._session)


def _request(signed: Signed) -> Request:
    headers = {name: value.reveal() for name, value in signed.headers.items()}
    return Request("POST", signed.url.reveal(), headers)
