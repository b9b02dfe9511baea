"""Google's and Azure's secret managers, by stand-ins written from their documentation."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs

import pytest

from harness.http_server import Call, Said, serve
from podlane.clients.http.blocking import BlockingHttp
from podlane.clients.secretstore import azure, gcp
from podlane.core.job.secret import Azure, Gcp
from podlane.core.text import token
from podlane.errors import Rejected

JWT = "eyJ-the-jobs-token"
AUDIENCE = (
    "//iam.googleapis.com/projects/123/locations/global/workloadIdentityPools/pool/providers/gitlab"
)


@pytest.fixture
def http() -> Iterator[BlockingHttp]:
    found = BlockingHttp(user_agent="test")
    yield found
    found.close()


def said(body: Any, status: int = 200) -> Said:
    return Said(status, {"Content-Type": "application/json"}, json.dumps(body).encode())


def google(call: Call) -> Said:
    if call.path == "/v1/token":
        asked = json.loads(call.body)
        if asked["subjectToken"] != JWT:
            return said({"error": "invalid_grant", "error_description": "bad token"}, 400)
        assert asked["audience"] == AUDIENCE
        return said({"access_token": "ya29.federated", "token_type": "Bearer"})
    if call.headers.get("authorization") != "Bearer ya29.federated":
        return said({"error": {"code": 401, "message": "no credentials"}}, 401)
    kept = {
        "/v1/projects/123/secrets/db/versions/latest:access": b"google-value",
        "/v1/projects/other/secrets/db/versions/2:access": b"second",
        "/v1/projects/123/secrets/raw/versions/latest:access": b"\xff\xfe",
    }
    if call.path not in kept:
        return said({"error": {"code": 404, "message": "Secret not found"}}, 404)
    return said({"payload": {"data": base64.b64encode(kept[call.path]).decode()}})


def gcp_secret(jwt: str = JWT, **changes: Any) -> Gcp:
    server = {
        "project_number": 123,
        "workload_identity_federation_pool_id": "pool",
        "workload_identity_federation_provider_id": "gitlab",
        "jwt": jwt,
    }
    return token.convert({"name": "db", "version": "latest", "server": server} | changes, Gcp)


@pytest.mark.parametrize(
    ("changes", "value"),
    [({}, "google-value"), ({"name": "projects/other/secrets/db", "version": 2}, "second")],
)
def test_google(http: BlockingHttp, changes: Any, value: str) -> None:
    with serve(google) as server:
        assert gcp.read(http, gcp_secret(**changes), sts=server.url, manager=server.url) == value


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"jwt": "eyJ-forged"}, "bad token"),
        ({"name": "none"}, "Secret not found"),
        ({"name": "raw"}, "no text"),
    ],
)
def test_google_says_no(http: BlockingHttp, changes: Any, words: str) -> None:
    with serve(google) as server, pytest.raises(Rejected, match=words) as found:
        gcp.read(http, gcp_secret(**changes), sts=server.url, manager=server.url)
    assert "eyJ" not in str(found.value)


def entra(call: Call) -> Said:
    if call.path == "/tenant-1/oauth2/v2.0/token":
        asked = {key: values[0] for key, values in parse_qs(call.body.decode()).items()}
        if asked["client_assertion"] != JWT:
            return said({"error": "invalid_client", "error_description": "AADSTS700213"}, 401)
        assert asked["scope"] == "https://vault.azure.net/.default"
        assert asked["client_id"] == "client-1"
        return said({"access_token": "entra-token"})
    if call.headers.get("authorization") != "Bearer entra-token":
        return said({"error": {"code": "Unauthorized", "message": "who are you"}}, 401)
    kept = {"/secrets/db?api-version=7.4": "azure-value", "/secrets/db/v9?api-version=7.4": "ninth"}
    if call.path not in kept:
        return said({"error": {"code": "SecretNotFound", "message": "was not found"}}, 404)
    return said({"value": kept[call.path]})


def azure_secret(url: str, jwt: str = JWT, **changes: Any) -> Azure:
    server = {"client_id": "client-1", "tenant_id": "tenant-1", "jwt": jwt, "url": url}
    return token.convert({"name": "db", "server": server} | changes, Azure)


@pytest.mark.parametrize(("changes", "value"), [({}, "azure-value"), ({"version": "v9"}, "ninth")])
def test_azure(http: BlockingHttp, changes: Any, value: str) -> None:
    with serve(entra) as server:
        environ = {"AZURE_AUTHORITY_HOST": f"{server.url}/"}
        assert azure.read(http, azure_secret(server.url, **changes), environ) == value


@pytest.mark.parametrize(
    ("changes", "words"),
    [({"jwt": "eyJ-forged"}, "AADSTS700213"), ({"name": "none"}, "was not found")],
)
def test_azure_says_no(http: BlockingHttp, changes: Any, words: str) -> None:
    with serve(entra) as server:
        secret, environ = azure_secret(server.url, **changes), {"AZURE_AUTHORITY_HOST": server.url}
        with pytest.raises(Rejected, match=words) as found:
            azure.read(http, secret, environ)
    assert "eyJ" not in str(found.value)


@pytest.mark.parametrize(
    ("vault", "scope"),
    [
        ("https://x.vault.azure.net", "https://vault.azure.net/.default"),
        ("https://x.vault.azure.cn:443/", "https://vault.azure.cn/.default"),
        ("https://x.vault.usgovcloudapi.net", "https://vault.usgovcloudapi.net/.default"),
        ("http://127.0.0.1:8080", "https://vault.azure.net/.default"),
    ],
)
def test_the_scope_is_that_of_the_vaults_cloud(vault: str, scope: str) -> None:
    assert azure._scope(vault) == scope
