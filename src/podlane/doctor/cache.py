"""The shared cache: a small object is put, read back and deleted, by requests signed as a job's."""

from __future__ import annotations

import asyncio
import posixpath
import secrets
from collections.abc import AsyncIterator

import msgspec

from podlane import __version__
from podlane.clients.http.session import HttpSession
from podlane.clients.objectstore.line import Ask as Call
from podlane.clients.objectstore.line import Line, Site
from podlane.clients.objectstore.upload import expect, host_of, revealed
from podlane.core.config.cache import CacheConfig, missing
from podlane.core.config.model import RunnerConfig
from podlane.core.plan.store import Ask, Signed, StoreObject, Wanted, Window
from podlane.core.text.token import short_token
from podlane.doctor.finding import Finding, failed, ok, skipped
from podlane.doctor.patient import Patient
from podlane.errors import ServiceError, Unavailable
from podlane.manager.stores.shared import Store, open_store

CHECK = "cache"
_SECONDS = 30.0
_WINDOW = 600.0
_BODY = b"podlane doctor was here\n"
_FIXES = {
    "NoSuchBucket": "make the bucket, or correct `BucketName`",
    "InvalidAccessKeyId": "the store knows no such `AccessKey`: correct it",
    "SignatureDoesNotMatch": "correct `SecretKey`; it does not belong to `AccessKey`",
    "RequestTimeTooSkewed": "set the clock right, here or at the store",
    "AccessDenied": "let these credentials get, put and delete objects of the bucket (its policy)",
    "ContainerNotFound": "make the container, or correct `ContainerName`",
    "AuthenticationFailed": "correct `AccountKey`",
}


async def cache(patient: Patient) -> AsyncIterator[Finding]:
    """One line for each store that a runner uses."""
    stores: dict[CacheConfig, RunnerConfig] = {}
    for runner in patient.runners:
        stores.setdefault(runner.cache, runner)
    for settings, runner in stores.items():
        whose = patient.whose(runner)
        if not settings.type:
            yield skipped(CHECK, f"{whose}the config names no shared cache")
        elif lacking := missing(settings):
            fix = f"set `{lacking}` in [runners.cache]"
            yield failed(CHECK, f"{whose}[runners.cache] lacks `{lacking}`", fix)
        else:
            one = await _store(patient, runner)
            yield msgspec.structs.replace(one, message=whose + one.message)


async def _store(patient: Patient, runner: RunnerConfig) -> Finding:
    session = HttpSession(user_agent=f"podlane/{__version__}", service="store")
    store = open_store(runner, session, patient.environ)
    name = _name(runner)
    window = Window(float(int(patient.now())), _WINDOW)
    wanted = Wanted(name, "podlane-doctor", is_read=True, is_written=True)
    step = "credentials"
    try:
        async with asyncio.timeout(_SECONDS):
            shelf = await store.fill(Ask((wanted,), window))
        step = "put"
        return await _round_trip(store, shelf.objects[name], window)
    except (ServiceError, TimeoutError) as error:
        return _failure(runner, step, error)
    finally:
        await session.close()


def _name(runner: RunnerConfig) -> str:
    """Where the runner's jobs keep theirs: a bucket's policy may allow no other place."""
    own = "" if runner.cache.shared else f"runner/{short_token(runner.token)}"
    name = f"podlane-doctor-{secrets.token_hex(4)}"
    return posixpath.normpath(posixpath.join(runner.cache.path, own, name)).lstrip("/")


async def _round_trip(store: Store, found: StoreObject, window: Window) -> Finding:
    if found.put is None or found.get is None:
        return failed(
            CHECK, "the store gives no right to write", "see the role in [runners.cache.s3]"
        )
    put, get = found.put, found.get
    host = host_of(put.url.reveal())
    site = Site(user_agent=f"podlane/{__version__}")
    await asyncio.to_thread(_send, site, "PUT", put)
    if await asyncio.to_thread(_send, site, "GET", get) != _BODY:
        fix = (
            "something between here and the store changes what it sends: a proxy, or another server"
        )
        return failed(CHECK, f"{host} gives back another object than was put", fix)
    told = f"{host}: a small object was put, read"
    removal = await store.removal(found.name, window)
    try:
        if removal is not None:
            await asyncio.to_thread(_send, site, "DELETE", removal)
            return ok(CHECK, f"{told} and deleted")
    except ServiceError:
        pass  # no job deletes: the right to is no need
    return ok(CHECK, f"{told}; it stays there ({found.name}), for we may not delete")


def _send(site: Site, method: str, signed: Signed) -> bytes:
    body = _BODY if method == "PUT" else b""
    line = Line(site, lambda _: None)
    try:
        return expect(line, Call(method, signed.url.reveal(), revealed(signed), body))[1]
    finally:
        line.close()


def _failure(runner: RunnerConfig, step: str, error: ServiceError | TimeoutError) -> Finding:
    if not isinstance(error, ServiceError):
        fix = "see that the store, and the cloud that lends credentials, are reached from here"
        return failed(CHECK, f"no answer within {_SECONDS:.0f} s", fix)
    if step == "credentials":
        return failed(CHECK, error.message, error.hint or "see the keys in [runners.cache]")
    if fix := _FIXES.get(error.details, ""):
        return failed(CHECK, error.message, f"{fix} (in [runners.cache.{runner.cache.type}])")
    if error.details == "certificate":
        fix = "the store's CA must be in the system's store, here and in the images of jobs"
        return failed(CHECK, error.message, fix)
    if isinstance(error, Unavailable) and not error.status:
        fix = (
            "check address and port (`ServerAddress`), `Insecure`, and that it is reached from here"
        )
        return failed(CHECK, error.message, fix)
    return failed(
        CHECK, error.message, f"see bucket and keys in [runners.cache.{runner.cache.type}]"
    )
