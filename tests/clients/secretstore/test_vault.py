"""Vault and GitLab's own manager, asked over HTTP."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from harness.http_server import Said, Server, serve
from harness.vault import JWT, ROLE, VaultServer
from podlane.clients.http.blocking import BlockingHttp
from podlane.clients.secretstore.read import SecretStore
from podlane.core.job.secret import GitLab, Vault
from podlane.core.text import token
from podlane.errors import Rejected, Unavailable

KEPT: dict[str, dict[str, dict[str, Any]]] = {
    "kv": {"prod/db": {"password": "v2-value", "port": 5432, "tls": {"ca": "pem"}}},
    "old": {"prod/db": {"password": "v1-value"}},
}


@pytest.fixture
def vault() -> VaultServer:
    return VaultServer(KEPT)


@pytest.fixture
def server(vault: VaultServer) -> Iterator[Server]:
    with serve(vault.answer) as found:
        yield found


@pytest.fixture
def store() -> Iterator[SecretStore]:
    http = BlockingHttp(user_agent="test")
    yield SecretStore(http, {}, "session")
    http.close()


def secret(server: Server, **changes: Any) -> Vault:
    raw = {
        "server": {
            "url": changes.pop("url", f"{server.url}/"),
            "namespace": changes.pop("namespace", ""),
            "auth": {
                "name": "jwt",
                "path": "jwt",
                "data": {"jwt": changes.pop("jwt", JWT), "role": changes.pop("role", ROLE)},
            },
        },
        "engine": {"name": changes.pop("engine", "kv-v2"), "path": changes.pop("mount", "kv")},
        "path": "prod/db",
        "field": "password",
    }
    return token.convert(raw | changes, Vault)


@pytest.mark.parametrize(
    ("changes", "value"),
    [
        ({}, "v2-value"),
        ({"field": "port"}, "5432"),
        ({"field": "tls"}, '{"ca":"pem"}'),
        ({"field": "none"}, None),
        ({"engine": "kv-v1", "mount": "old"}, "v1-value"),
        ({"engine": "generic", "mount": "old"}, "v1-value"),
        ({"engine": "kv-v1", "mount": "deep/mount", "path": "a b/ü", "field": "x"}, "odd"),
    ],
)
def test_a_field_is_read(
    store: SecretStore, server: Server, vault: VaultServer, changes: Any, value: str | None
) -> None:
    vault.kept = {**KEPT, "deep/mount": {"a%20b/%C3%BC": {"x": "odd"}}}
    assert store.read(secret(server, **changes)) == value


def test_one_login_opens_all_secrets_of_a_role(
    store: SecretStore, server: Server, vault: VaultServer
) -> None:
    for field in ("password", "port"):
        store.read(secret(server, field=field))
    assert vault.logins == 1


def test_a_namespace_is_named(store: SecretStore, server: Server, vault: VaultServer) -> None:
    vault.namespace = "team"
    assert store.read(secret(server, namespace="team")) == "v2-value"


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"role": "other"}, 'role "other" could not be found'),
        ({"jwt": "eyJ-forged"}, "invalid signature"),
        ({"path": "prod/none"}, "404"),
    ],
)
def test_what_will_not_change_is_rejected_in_vaults_words(
    store: SecretStore, server: Server, changes: Any, said: str
) -> None:
    with pytest.raises(Rejected) as found:
        store.read(secret(server, **changes))
    assert said in found.value.message
    assert "eyJ" not in str(found.value)


def test_a_sealed_vault_is_unavailable(
    store: SecretStore, server: Server, vault: VaultServer
) -> None:
    vault.status = 503
    with pytest.raises(Unavailable, match="Vault is sealed"):
        store.read(secret(server))


def test_nobody_there(store: SecretStore, server: Server) -> None:
    with pytest.raises(Unavailable):
        store.read(secret(server, url="http://127.0.0.1:1"))


def test_gitlabs_own_manager_is_asked_once(
    store: SecretStore, server: Server, vault: VaultServer
) -> None:
    vault.namespace = "user_1/project_2"
    raw = {
        "server": {
            "url": server.url,
            "namespace": vault.namespace,
            "inline_auth": {"path": "auth/jwt/login", "jwt": JWT, "role": ROLE},
        },
        "engine": {"name": "kv-v2", "path": "kv"},
        "path": "prod/db",
        "field": "password",
    }
    assert store.read(token.convert(raw, GitLab)) == "v2-value"
    assert [call.method for call in server.calls] == ["GET"]


def test_a_page_that_is_no_vault(store: SecretStore) -> None:
    with (
        serve(lambda _: Said(200, {}, b"<html>sign in</html>")) as server,
        pytest.raises(Rejected, match="no JSON object"),
    ):
        store.read(secret(server))
