"""What the manager holds ready at Azure works there, and only for what it is for."""

from __future__ import annotations

import time
from typing import Any

from harness.http_server import Call, Said, serve
from manager.stores.rig import NAME, Open, ask, check_single_requests
from podlane.core.plan.store import (
    AzureBlocks,
)
from stores.azure import ACCOUNT, CONTAINER, KEY, Azure


async def test_azure_single_requests(azurite: Azure, open_it: Open) -> None:
    shelf = await open_it(_azure(azurite.url)).shelf(ask())
    await check_single_requests(shelf)
    one = shelf.objects[NAME]
    assert one.put
    assert isinstance(one.pieces, AzureBlocks)
    assert one.pieces.url == one.put.url


def _azure(url: str, **keys: str) -> dict[str, Any]:
    azure = {"AccountName": ACCOUNT, "AccountKey": KEY, "ContainerName": CONTAINER}
    domain = url.removesuffix(f"/{ACCOUNT}")
    return {"Type": "azure", "azure": {**azure, "StorageDomain": domain, **keys}}


async def test_azure_by_the_managers_identity(open_it: Open) -> None:
    lent = {
        "SignedOid": "oid",
        "SignedTid": "tid",
        "SignedStart": "2026-02-01T02:40:00Z",
        "SignedExpiry": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 600)),
        "SignedService": "b",
        "SignedVersion": "2020-12-06",
        "Value": "a2V5",
    }

    def answer(call: Call) -> Said:
        if call.method == "GET":
            return Said(body=b'{"access_token": "eyJ", "expires_in": 3600}')
        return Said(body="".join(f"<{key}>{text}</{key}>" for key, text in lent.items()).encode())

    with serve(answer) as server:
        environ = {"AZURE_POD_IDENTITY_AUTHORITY_HOST": server.url}
        config = _azure(server.url, AccountKey="")
        shelf = await open_it(config, environ).shelf(ask())
    assert [call.path.partition("?")[0] for call in server.calls] == [
        "/metadata/identity/oauth2/token",
        f"/{ACCOUNT}/",
    ]
    one = shelf.objects[NAME]
    assert one.get
    assert "skoid=oid" in one.get.url.reveal()
    assert one.expires_at < time.time() + 601
