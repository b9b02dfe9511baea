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
    azure = access.settings
    ends_at = window.now + window.seconds
    if isinstance(access.key, DelegationKey):
        ends_at = min(ends_at, access.key.expires_at)
    url = f"{root(azure)}/{encode(azure.container_name)}/{encode(want.name, '/')}"

    def allowed(permissions: str) -> Token:
        blob = Blob(azure.account_name, azure.container_name, want.name)
        grant = Grant(permissions, ends_at, is_https_only=url.startswith("https:"))
        if isinstance(access.key, DelegationKey):
            query = sign_by_delegation(blob, grant, access.key)
        else:
            query = sign_by_account(blob, grant, access.key)
        return Token(f"{url}?{query}")

    read = Signed(allowed("r"))
    written = allowed("cw") if want.is_written else None
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
