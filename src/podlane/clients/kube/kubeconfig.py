"""A kubeconfig file: the server, whom to trust, and how to prove who we are.

Client certificates, tokens, token files (read again when they change) and exec plugins
(`client.authentication.k8s.io/v1` and `v1beta1`).
"""

from __future__ import annotations

import base64
import json
import os
import ssl
import subprocess
import tempfile
import time
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import yaml

from podlane.errors import ConfigError

_FRESH_SECONDS = 60.0


class Kubeconfig:
    """One context of a kubeconfig. Relative paths are relative to the file."""

    def __init__(self, folder: Path, cluster: dict[str, Any], user: dict[str, Any]) -> None:
        self._folder = folder
        self._cluster = cluster
        self._user = user
        self._token, self._token_until = "", 0.0

    @property
    def server(self) -> str:
        return str(self._cluster.get("server", ""))

    def tls_context(self) -> ssl.SSLContext | None:
        if not self.server.startswith("https:"):
            return None
        context = ssl.create_default_context()
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        if self._cluster.get("insecure-skip-tls-verify"):
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        try:
            self._trust(context)
            self._identify(context)
        except (OSError, ssl.SSLError, ValueError) as error:
            raise ConfigError(
                f"the kubeconfig's certificates cannot be used: {error}",
                reference="kubeconfig",
            ) from error
        return context

    def bearer(self) -> str:
        """The token of this moment, "" when certificates identify us."""
        if "token" in self._user:
            return str(self._user["token"])
        if "tokenFile" in self._user:
            return self._path(str(self._user["tokenFile"])).read_text().strip()
        if "exec" in self._user and time.time() > self._token_until - _FRESH_SECONDS:
            self._token, self._token_until = _run_plugin(self._user["exec"])
        return self._token

    def _trust(self, context: ssl.SSLContext) -> None:
        if data := self._cluster.get("certificate-authority-data"):
            context.load_verify_locations(cadata=base64.b64decode(data).decode())
        elif path := self._cluster.get("certificate-authority"):
            context.load_verify_locations(cafile=str(self._path(path)))

    def _identify(self, context: ssl.SSLContext) -> None:
        if data := self._user.get("client-certificate-data"):
            pem = base64.b64decode(data) + b"\n" + base64.b64decode(self._user["client-key-data"])
            with tempfile.NamedTemporaryFile(suffix=".pem") as file:  # mode 0600
                file.write(pem)
                file.flush()
                context.load_cert_chain(file.name)
        elif path := self._user.get("client-certificate"):
            context.load_cert_chain(
                str(self._path(path)), str(self._path(self._user["client-key"]))
            )

    def _path(self, text: str) -> Path:
        return self._folder / text


def load(context: str, environ: Mapping[str, str]) -> Kubeconfig:
    """Find the kubeconfig and the context in it. ConfigError says where was looked."""
    named = [Path(part) for part in environ.get("KUBECONFIG", "").split(os.pathsep) if part]
    places = named or [Path(environ.get("HOME", "~")).expanduser() / ".kube" / "config"]
    for place in places:
        if place.is_file():
            found = _pick(place, context)
            if found is not None:
                return found
    looked = ", ".join(str(place) for place in places)
    wanted = f"the context {context!r}" if context else "a current context"
    raise ConfigError(
        f"no way to a Kubernetes API: `host` is not set, this is no pod, and no {looked} "
        f"has {wanted}",
        hint="set `host` in [runners.kubernetes], or KUBECONFIG",
        reference="kubernetes-access",
    )


def _pick(place: Path, wanted: str) -> Kubeconfig | None:
    try:
        document = yaml.safe_load(place.read_text()) or {}
    except (OSError, yaml.YAMLError) as error:
        raise ConfigError(f"cannot read {place}: {error}", reference="kubeconfig") from error
    name = wanted or document.get("current-context", "")
    context = _named(document, "contexts", name).get("context")
    if not context:
        return None
    cluster = _named(document, "clusters", context.get("cluster", "")).get("cluster") or {}
    user = _named(document, "users", context.get("user", "")).get("user") or {}
    return Kubeconfig(place.parent, cluster, user)


def _named(document: dict[str, Any], key: str, name: str) -> dict[str, Any]:
    return next((item for item in document.get(key) or [] if item.get("name") == name), {})


def _run_plugin(spec: dict[str, Any]) -> tuple[str, float]:
    """Run an exec plugin; its token and when that ends. The plugin's words are quoted, its answer
    never."""
    command = [str(spec["command"]), *map(str, spec.get("args") or [])]
    extra = {item["name"]: item["value"] for item in spec.get("env") or []}
    version = spec.get("apiVersion", "client.authentication.k8s.io/v1")
    request = {"apiVersion": version, "kind": "ExecCredential", "spec": {"interactive": False}}
    environ = os.environ | extra | {"KUBERNETES_EXEC_INFO": json.dumps(request)}
    try:
        done = subprocess.run(
            command, env=environ, capture_output=True, text=True, timeout=60, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise ConfigError(
            f"the kubeconfig's plugin `{command[0]}` cannot be run: {error}",
            hint=str(spec.get("installHint", "")),
            reference="kubeconfig-plugin",
        ) from error
    if done.returncode:
        raise ConfigError(
            f"the kubeconfig's plugin `{command[0]}` ended with {done.returncode}: "
            f"{done.stderr.strip()[-300:]}",
            reference="kubeconfig-plugin",
        )
    try:
        status = json.loads(done.stdout)["status"]
    except (ValueError, KeyError) as error:
        raise ConfigError(
            f"the kubeconfig's plugin `{command[0]}` gave no credential",
            reference="kubeconfig-plugin",
        ) from error
    until = status.get("expirationTimestamp")
    end = datetime.fromisoformat(until).timestamp() if until else time.time() + 3600
    return str(status.get("token", "")), end
