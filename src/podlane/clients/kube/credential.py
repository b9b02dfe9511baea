"""How we prove to an API server who we are: a token, a token file that is rotated, or a plugin.

`bearer` is the token of this moment ("": none) and costs little. `is_stale` says that `renew` is
due, which may take seconds and is called from a thread; `renew` after a 401 says whether there is
anything new to try.
"""

from __future__ import annotations

import json
import subprocess
import threading
import time
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec

from podlane.clients.http.tls import file_stamp
from podlane.core.text.token import Token
from podlane.errors import Unavailable

_FRESH_SECONDS = 60.0
_PLUGIN_SECONDS = 60.0
_STDERR_TAIL = 300


class Pair(msgspec.Struct, frozen=True):
    """A client certificate and its key, PEM."""

    certificate: str
    key: Token


class FixedToken:
    """A token that stays as it is, "" where certificates identify us."""

    def __init__(self, token: Token) -> None:
        self._token = token

    def bearer(self) -> str:
        return self._token.reveal()

    def is_stale(self) -> bool:
        return False

    def renew(self, *, is_refused: bool) -> bool:
        return False

    def pair(self) -> Pair | None:
        return None


class TokenFile:
    """A token in a file, which the kubelet or another replaces before it ends."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._stamp = (0, 0)
        self._token = ""

    def bearer(self) -> str:
        stamp = file_stamp(str(self._path))
        if stamp != self._stamp or not self._token:
            self._read()
            self._stamp = stamp
        return self._token

    def is_stale(self) -> bool:
        return False

    def renew(self, *, is_refused: bool) -> bool:
        old = self._token
        self._read()
        return self._token != old

    def pair(self) -> Pair | None:
        return None

    def _read(self) -> None:
        try:
            self._token = self._path.read_text().strip() or self._token
        except (OSError, UnicodeDecodeError) as error:
            if not self._token:
                raise Unavailable(
                    f"cannot read the token file {self._path}: {error}", service="kubernetes"
                ) from error


class Plugin:
    """An exec plugin of a kubeconfig (`client.authentication.k8s.io/v1` and `v1beta1`).

    Its answer is kept until it ends, or until the server refuses it. The plugin's own words are
    quoted in errors, its answer never.
    """

    def __init__(self, spec: dict[str, Any], folder: Path, environ: Mapping[str, str]) -> None:
        command = str(spec.get("command", ""))
        self._command = str(folder / command) if "/" in command else command
        self._spec = spec
        self._environ = environ
        self._until: float | None = 0.0
        self._token = ""
        self._pair: Pair | None = None
        self._one_at_a_time = threading.Lock()

    def bearer(self) -> str:
        return self._token

    def is_stale(self) -> bool:
        return self._until is not None and time.time() > self._until - _FRESH_SECONDS

    def renew(self, *, is_refused: bool) -> bool:
        refused = self._token, self._pair
        with self._one_at_a_time:
            if self.is_stale() or (is_refused and (self._token, self._pair) == refused):
                self._take(self._run())
        return (self._token, self._pair) != refused

    def pair(self) -> Pair | None:
        return self._pair

    def _run(self) -> str:
        version = self._spec.get("apiVersion") or "client.authentication.k8s.io/v1"
        request = {"apiVersion": version, "kind": "ExecCredential", "spec": {"interactive": False}}
        extra = {item["name"]: item["value"] for item in self._spec.get("env") or []}
        try:
            done = subprocess.run(
                [self._command, *map(str, self._spec.get("args") or [])],
                env={**self._environ, **extra, "KUBERNETES_EXEC_INFO": json.dumps(request)},
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                timeout=_PLUGIN_SECONDS,
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            raise self._fault(f"gave no answer in {_PLUGIN_SECONDS:.0f} seconds") from error
        except (OSError, ValueError) as error:
            raise self._fault(f"cannot be run: {error}") from error
        if done.returncode:
            tail = done.stderr.strip()[-_STDERR_TAIL:]
            raise self._fault(f"ended with {done.returncode}: {tail or 'it said nothing'}")
        return done.stdout

    def _take(self, answer: str) -> None:
        try:
            status = json.loads(answer)["status"]
            until = status.get("expirationTimestamp")
            end = datetime.fromisoformat(until).timestamp() if until else None
            token = str(status.get("token") or "")
            certificate = status.get("clientCertificateData")
            key = status.get("clientKeyData")
        except (ValueError, KeyError, TypeError, AttributeError):
            raise self._fault("gave no credential that can be read") from None
        if not token and not (certificate and key):
            raise self._fault("gave neither a token nor a certificate with its key")
        pair = Pair(str(certificate), Token(str(key))) if certificate and key else None
        self._until, self._token, self._pair = end, token, pair

    def _fault(self, what: str) -> Unavailable:
        name = Path(self._command).name
        fault = Unavailable(f"the kubeconfig's plugin `{name}` {what}", service="kubernetes")
        fault.hint = str(self._spec.get("installHint") or "")
        return fault


Credential = FixedToken | TokenFile | Plugin
