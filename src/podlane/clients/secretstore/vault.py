"""HashiCorp Vault and OpenBao: JWT login, then one read; and GitLab's own secrets manager, an
OpenBao that is given the JWT with the read itself (inline authentication).

API: developer.hashicorp.com/vault/api-docs (auth/jwt, secret/kv), openbao.org/docs (inline auth).
"""

from __future__ import annotations

import base64
from typing import Any

import msgspec

from podlane.clients.http.blocking import BlockingHttp
from podlane.clients.http.request import Request
from podlane.clients.secretstore.ask import ask, dig, path, post_json
from podlane.core.job.secret import Engine, GitLab, Vault, VaultServer
from podlane.core.text.token import Token
from podlane.errors import Rejected

SERVICE = "vault"
_INLINE = "X-Vault-Inline-Auth-"


class VaultReader:
    """Reads secrets; one login serves all that are read as the same role."""

    def __init__(self, http: BlockingHttp) -> None:
        self._http = http
        self._logins: dict[VaultServer, Token] = {}

    def read(self, secret: Vault) -> Any:
        """The value of the secret's field, None when the secret has no such field."""
        headers = _namespace(secret.server.namespace)
        headers["X-Vault-Token"] = self._login(secret.server).reveal()
        return self._read(secret.server.url, secret.engine, (secret.path, secret.field), headers)

    def read_inline(self, secret: GitLab) -> Any:
        server = secret.server
        auth = server.inline_auth
        headers = _namespace(server.namespace) | {
            f"{_INLINE}Path": auth.path or path("auth", auth.auth_mount or "jwt", "login"),
            f"{_INLINE}Operation": "update",
            f"{_INLINE}Parameter-jwt": _parameter("jwt", auth.jwt.reveal()),
            f"{_INLINE}Parameter-role": _parameter("role", auth.role),
        }
        return self._read(server.url, secret.engine, (secret.path, secret.field), headers)

    def _login(self, server: VaultServer) -> Token:
        known = self._logins.get(server)
        if known is not None:
            return known
        if server.auth.name not in ("", "jwt"):
            raise Rejected(
                f"Vault's auth method {server.auth.name[:40]!r} is none that podlane knows",
                service=SERVICE,
                hint="jobs log in with `jwt`",
            )
        url = f"{server.url.rstrip('/')}/v1/{path('auth', server.auth.path or 'jwt', 'login')}"
        body = {"jwt": server.auth.data.jwt.reveal(), "role": server.auth.data.role}
        found = ask(self._http, SERVICE, post_json(url, body, _namespace(server.namespace)))
        token = self._logins[server] = Token(str(dig(found, "auth", "client_token") or ""))
        return token

    def _read(
        self, url: str, engine: Engine, where: tuple[str, str], headers: dict[str, str]
    ) -> Any:
        wanted, field = where
        is_second = engine.name == "kv-v2"
        inside = path(engine.path, "data" if is_second else "", wanted)
        found = ask(self._http, SERVICE, Request("GET", f"{url.rstrip('/')}/v1/{inside}", headers))
        data = dig(found, "data", "data") if is_second else dig(found, "data")
        return dig(data, field)


def _namespace(name: str) -> dict[str, str]:
    return {"X-Vault-Namespace": name} if name else {}


def _parameter(key: str, value: str) -> str:
    encoded = base64.urlsafe_b64encode(msgspec.json.encode({"key": key, "value": value}))
    return encoded.decode().rstrip("=")
