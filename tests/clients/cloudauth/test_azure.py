"""Azure: workload and managed identity, and the key that storage lends."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from clients.cloudauth.conftest import Hold
from harness.http_server import Said, always, serve
from podlane.clients.cloudauth.azure import STORAGE, AzureToken, delegation_key, find_token
from podlane.core.sign.azure import DelegationKey
from podlane.core.text.token import Token
from podlane.errors import Rejected, Unavailable

TOKEN = AzureToken(Token("eyJ"), 3700.0)
LENT = b"""<?xml version="1.0"?><UserDelegationKey><SignedOid>oid</SignedOid>
<SignedTid>tid</SignedTid><SignedStart>2026-02-01T02:40:00Z</SignedStart>
<SignedExpiry>2026-02-02T02:40:00Z</SignedExpiry><SignedService>b</SignedService>
<SignedVersion>2020-12-06</SignedVersion><Value>a2V5</Value></UserDelegationKey>"""


@pytest.mark.parametrize("seconds", [b"3600", b'"3600"'])
@pytest.mark.parametrize("client", ["", "me"])
def test_managed_identity(hold: Hold, client: str, seconds: bytes) -> None:
    body = b'{"access_token": "eyJ", "expires_in": %b}' % seconds
    with serve(always(Said(body=body))) as server:
        environ = {"AZURE_POD_IDENTITY_AUTHORITY_HOST": server.url, "AZURE_CLIENT_ID": client}
        assert hold(find_token(environ, STORAGE, 100.0)) == TOKEN
    asked = urlsplit(server.calls[0].path)
    assert (server.calls[0].method, asked.path) == ("GET", "/metadata/identity/oauth2/token")
    assert server.calls[0].headers["metadata"] == "true"
    assert parse_qs(asked.query) == {
        "api-version": ["2018-02-01"],
        "resource": [STORAGE],
        **({"client_id": [client]} if client else {}),
    }


def test_workload_identity(hold: Hold, tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text("the.jwt")
    with serve(always(Said(body=b'{"access_token": "eyJ", "expires_in": 3600}'))) as server:
        environ = {
            "AZURE_CLIENT_ID": "me",
            "AZURE_TENANT_ID": "tenant",
            "AZURE_FEDERATED_TOKEN_FILE": str(file),
            "AZURE_AUTHORITY_HOST": f"{server.url}/",
        }
        assert hold(find_token(environ, STORAGE, 100.0)) == TOKEN
    assert server.calls[0].path == "/tenant/oauth2/v2.0/token"
    fields = parse_qs(server.calls[0].body.decode())
    assert fields["client_assertion"] == ["the.jwt"]
    assert fields["scope"] == ["https://storage.azure.com/.default"]


def test_nobody_tells(hold: Hold) -> None:
    environ = {"AZURE_POD_IDENTITY_AUTHORITY_HOST": "http://127.0.0.1:1"}
    with pytest.raises(Rejected, match="no Azure credentials are to be had"):
        hold(find_token(environ, STORAGE, 0))


def test_a_refusal_is_told_in_azures_words(hold: Hold) -> None:
    said = Said(400, body=b'{"error": "invalid_request", "error_description": "no identity"}')
    with serve(always(said)) as server, pytest.raises(Rejected, match="is 400: no identity"):
        hold(find_token({"AZURE_POD_IDENTITY_AUTHORITY_HOST": server.url}, STORAGE, 0))


def test_a_key_is_borrowed_for_a_week_at_most(hold: Hold) -> None:
    with serve(always(Said(body=LENT))) as server:
        found = hold(delegation_key(server.url, TOKEN, 1_769_900_000.0))
    assert found == DelegationKey(
        value=Token("a2V5"),
        object_id="oid",
        tenant_id="tid",
        start="2026-02-01T02:40:00Z",
        expiry="2026-02-02T02:40:00Z",
        service="b",
        version="2020-12-06",
        expires_at=1_770_000_000.0,
    )
    call = server.calls[0]
    assert call.path == "/?restype=service&comp=userdelegationkey"
    assert call.headers["authorization"] == "Bearer eyJ"
    assert call.body == (
        b"<KeyInfo><Start>2026-01-31T22:48:20Z</Start><Expiry>2026-02-07T22:43:20Z</Expiry></KeyInfo>"
    )


@pytest.mark.parametrize(
    "body",
    [
        b"",
        LENT.replace(b"a2V5", b"?"),
        LENT.replace(b"2026-02-02T02:40:00Z", b"soon"),
        LENT.replace(b"SignedOid", b"Oid"),
    ],
)
def test_a_key_that_is_none(hold: Hold, body: bytes) -> None:
    with serve(always(Said(body=body))) as server, pytest.raises(Unavailable):
        hold(delegation_key(server.url, TOKEN, 0))
