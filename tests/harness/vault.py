"""A stand-in for Vault and OpenBao, written from their HTTP API: JWT login, KV 1 and 2."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from harness.http_server import Call, Said, serve

JWT = "eyJ-the-jobs-token"
ROLE = "ci"
TOKEN = "hvs.a-client-token"


@contextmanager
def vault(kept: dict[str, Any] | None, host: str) -> Iterator[str]:
    """The address of a Vault that holds `kept`; "" where a scenario has none."""
    if kept is None:
        yield ""
        return
    with serve(VaultServer(kept).answer, host=host) as server:
        yield server.url


@dataclass
class VaultServer:
    """`kept`: by mount, then by path. `status`: answered instead, while it is set."""

    kept: dict[str, dict[str, dict[str, Any]]] = field(default_factory=dict)
    namespace: str = ""
    status: int = 0
    logins: int = 0

    def answer(self, call: Call) -> Said:
        if self.status:
            return _error(self.status, "Vault is sealed")
        if call.headers.get("x-vault-namespace", "") != self.namespace:
            return _error(404, "no handler for route")
        path = call.path.removeprefix("/v1/")
        if call.method == "POST" and path == "auth/jwt/login":
            return self._login(json.loads(call.body))
        if not self._may_read(call):
            return _error(403, "permission denied")
        return self._read(path)

    def _login(self, body: dict[str, str]) -> Said:
        self.logins += 1
        if body.get("role") != ROLE:
            return _error(400, f'role "{body.get("role")}" could not be found')
        if body.get("jwt") != JWT:
            return _error(400, "error validating token: invalid signature")
        return _said({"auth": {"client_token": TOKEN, "lease_duration": 60}})

    def _may_read(self, call: Call) -> bool:
        if call.headers.get("x-vault-token") == TOKEN:
            return True
        if call.headers.get("x-vault-inline-auth-path") != "auth/jwt/login":
            return False
        given = {}
        for name, value in call.headers.items():
            if name.startswith("x-vault-inline-auth-parameter-"):
                pair = json.loads(base64.urlsafe_b64decode(value + "=" * (-len(value) % 4)))
                given[pair["key"]] = pair["value"]
        return given == {"jwt": JWT, "role": ROLE}

    def _read(self, path: str) -> Said:
        for mount, secrets in self.kept.items():
            inside = path.removeprefix(f"{mount}/")
            if inside == path:
                continue
            if inside.startswith("data/") and inside.removeprefix("data/") in secrets:
                data = secrets[inside.removeprefix("data/")]
                return _said({"data": {"data": data, "metadata": {"version": 3}}})
            if inside in secrets:
                return _said({"data": secrets[inside]})
        return Said(404, {"Content-Type": "application/json"}, b'{"errors":[]}')


def _said(body: Any) -> Said:
    return Said(200, {"Content-Type": "application/json"}, json.dumps(body).encode())


def _error(status: int, text: str) -> Said:
    return Said(
        status, {"Content-Type": "application/json"}, json.dumps({"errors": [text]}).encode()
    )
