"""What the shared cache would hold ready for a job, without asking anyone: for `podlane plan`.

Credentials that only a cloud can give are stood in for: whoever sees the plan sees none of them.
"""

from __future__ import annotations

from podlane.core.config.cache import (
    AzureCache,
    CacheConfig,
    GcsCache,
    S3Cache,
    has_access_key,
    missing,
    s3_settings,
)
from podlane.core.plan import azure, gcs, s3
from podlane.core.plan.store import Ask, Shelf, StoreObject, Wanted
from podlane.core.sign.aws import AwsCredentials
from podlane.core.sign.azure import DelegationKey, iso_time
from podlane.core.text.base64 import is_base64
from podlane.core.text.token import Token

_NAME = "example"
_KEY = Token("ZXhhbXBsZQ==")
_HOUR = 3600


def rehearse(cache: CacheConfig, ask: Ask) -> Shelf:
    if not ask.wanted or missing(cache):
        return Shelf()
    match cache.type:
        case "s3":
            made = [_s3(s3_settings(cache), want, ask) for want in ask.wanted]
        case "gcs":
            made = [_gcs(cache.gcs, want, ask) for want in ask.wanted]
        case _:
            made = [_azure(cache.azure, want, ask) for want in ask.wanted]
    return Shelf({one.name: one for one in made})


def _s3(settings: S3Cache, want: Wanted, ask: Ask) -> StoreObject:
    lent = AwsCredentials(Token(_NAME), Token(_NAME), Token(_NAME), ask.window.now + _HOUR)
    own = AwsCredentials(settings.access_key, settings.secret_key, settings.session_token)
    base = own if has_access_key(settings) else lent
    role = settings.role_arn or settings.upload_role_arn
    access = s3.S3Access(
        bucket=s3.bucket(settings),
        reader=lent if settings.role_arn else base,
        writer=lent if role else base,
        headers=s3.upload_headers(settings),
    )
    upload_id = _NAME if ask.with_pieces and not role else ""
    return s3.make_object(want, access, ask, s3.Way(has_session=bool(role), upload_id=upload_id))


def _gcs(settings: GcsCache, want: Wanted, ask: Ask) -> StoreObject:
    calls = gcs.calls(want, gcs.bucket_url(settings), with_pieces=ask.with_pieces)
    prepared = gcs.prepare_all(calls, settings.access_id or _NAME, ask.window)
    return gcs.make_object(want, prepared, dict.fromkeys(prepared, b""), ask.window)


def _azure(settings: AzureCache, want: Wanted, ask: Ask) -> StoreObject:
    now = ask.window.now
    lent = DelegationKey(
        value=_KEY,
        object_id=_NAME,
        tenant_id=_NAME,
        start=iso_time(now),
        expiry=iso_time(now + _HOUR),
        service="b",
        version=_NAME,
        expires_at=now + _HOUR,
    )
    key = settings.account_key if is_base64(settings.account_key) else lent
    return azure.make_object(want, azure.AzureAccess(settings, key), ask.window)
