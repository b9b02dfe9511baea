"""Azure's shared access signatures for one blob: by an account's key, or by a user delegation key.

https://learn.microsoft.com/rest/api/storageservices/create-service-sas, and
create-user-delegation-sas, both in the form that holds since version 2020-12-06.
"""

from __future__ import annotations

import base64
import hmac
from datetime import UTC, datetime
from urllib.parse import quote, urlencode

import msgspec

from podlane.core.text.token import Token

VERSION = "2020-12-06"


class Blob(msgspec.Struct, frozen=True):
    """A blob by its names, none of them encoded."""

    account: str
    container: str
    name: str


class DelegationKey(msgspec.Struct, frozen=True):
    """What Azure gave a person or workload to sign with. `start` and `expiry` as Azure wrote
    them; `expires_at`: the latter in epoch seconds."""

    value: Token
    object_id: str
    tenant_id: str
    start: str
    expiry: str
    service: str
    version: str
    expires_at: float = 0


class Grant(msgspec.Struct, frozen=True):
    """`permissions`: letters in Azure's order (`racwdx…`); `ends_at`: epoch seconds."""

    permissions: str
    ends_at: float
    is_https_only: bool = True


def iso_time(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def sign_by_account(blob: Blob, grant: Grant, key: Token) -> str:
    """Return the query of a service SAS."""
    lines = (
        *_what(blob, grant),
        "",  # no stored policy
        *_how(grant),
    )
    return _query(grant, {"sig": _signature(key, lines)})


def sign_by_delegation(blob: Blob, grant: Grant, key: DelegationKey) -> str:
    """Return the query of a user delegation SAS."""
    names = {
        "skoid": key.object_id,
        "sktid": key.tenant_id,
        "skt": key.start,
        "ske": key.expiry,
        "sks": key.service,
        "skv": key.version,
    }
    lines = (
        *_what(blob, grant),
        *names.values(),
        *("", "", ""),  # no agent that acts for another, no correlation
        *_how(grant),
    )
    return _query(grant, {**names, "sig": _signature(key.value, lines)})


def _what(blob: Blob, grant: Grant) -> tuple[str, ...]:
    resource = f"/blob/{blob.account}/{blob.container}/{blob.name}"
    return grant.permissions, "", iso_time(grant.ends_at), resource


def _how(grant: Grant) -> tuple[str, ...]:
    """Address, protocol, version, resource, snapshot, scope, and five headers of the answer."""
    protocol = "https" if grant.is_https_only else ""
    return "", protocol, VERSION, "b", "", "", "", "", "", "", ""


def _signature(key: Token, lines: tuple[str, ...]) -> str:
    secret = base64.b64decode(key.reveal())
    return base64.b64encode(hmac.digest(secret, "\n".join(lines).encode(), "sha256")).decode()


def _query(grant: Grant, signed: dict[str, str]) -> str:
    fields = {
        "sv": VERSION,
        "spr": "https" if grant.is_https_only else "",
        "se": iso_time(grant.ends_at),
        "sr": "b",
        "sp": grant.permissions,
        **signed,
    }
    return urlencode({key: text for key, text in fields.items() if text}, quote_via=quote)
