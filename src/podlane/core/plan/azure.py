"""Objects in Azure's blob storage: a URL for each blob, with a signature for it alone."""

from __future__ import annotations

import re

import msgspec

from podlane.core.config.cache import AzureCache
from podlane.core.plan.store import AzureBlocks, Signed, StoreObject, Wanted, Window
from podlane.core.sign.aws import encode
from podlane.core.sign.azure import (
    Blob,
    DelegationKey,
    Grant,
    sign_by_account,
    sign_by_delegation,
)
from podlane.core.text.header import header_text
from podlane.core.text.token import Token

_PUT_LIMIT = 5000 * 1024**2
_ADDRESS = re.compile(r"\[.*\]|[0-9.]+")


class AzureAccess(msgspec.Struct, frozen=True):
    """`key`: the account's own, or one that Azure has lent."""

    settings: AzureCache
    key: Token | DelegationKey


def root(azure: AzureCache) -> str:
    """The account's address. A server known by number (an emulator) has the account in its path;
    `StorageDomain` may begin with `http://` for one."""
    scheme, found, domain = azure.storage_domain.strip().rstrip("/").rpartition("://")
    scheme = scheme if found else "https"
    if _ADDRESS.fullmatch(re.sub(r":\d+$", "", domain)):
        return f"{scheme}://{domain}/{azure.account_name}"
    return f"{scheme}://{azure.account_name}.{domain}"


def make_object(want: Wanted, access: AzureAccess, window: Window) -> StoreObject:
    ends_at = _end(access, window)
    read = Signed(_allowed(want.name, access, "r", ends_at))
    written = _allowed(want.name, access, "cw", ends_at) if want.is_written else None
    headers = {"x-ms-blob-type": "BlockBlob", "x-ms-meta-cachekey": header_text(want.key)}
    sent = {name: Token(text) for name, text in headers.items()}
    return StoreObject(
        name=want.name,
        expires_at=ends_at,
        get=read if want.is_read else None,
        head=read,
        put=Signed(written, sent) if written else None,
        put_limit=_PUT_LIMIT,
        pieces=AzureBlocks(written) if written else None,
    )


def removal(name: str, access: AzureAccess, window: Window) -> Signed:
    return Signed(_allowed(name, access, "d", _end(access, window)))


def _end(access: AzureAccess, window: Window) -> float:
    end = window.now + window.seconds
    return min(end, access.key.expires_at) if isinstance(access.key, DelegationKey) else end


def _allowed(name: str, access: AzureAccess, permissions: str, ends_at: float) -> Token:
    """The blob's URL, good for these permissions until then."""
    azure = access.settings
    url = f"{root(azure)}/{encode(azure.container_name)}/{encode(name, '/')}"
    blob = Blob(azure.account_name, azure.container_name, name)
    grant = Grant(permissions, ends_at, is_https_only=url.startswith("https:"))
    if isinstance(access.key, DelegationKey):
        query = sign_by_delegation(blob, grant, access.key)
    else:
        query = sign_by_account(blob, grant, access.key)
    return Token(f"{url}?{query}")
