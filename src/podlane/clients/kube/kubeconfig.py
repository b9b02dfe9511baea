"""kubeconfig files: the server, whom to trust, and how to prove who we are.

Several files count as one, as for kubectl: of entries with the same name the first wins, and
relative paths are relative to the file that names them.
"""

from __future__ import annotations

import base64
import os
import ssl
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from podlane.clients.http.tls import file_stamp, own_stamp, plain_context
from podlane.clients.kube.credential import Credential, FixedToken, Pair, Plugin, TokenFile
from podlane.core.text.token import Token
from podlane.errors import ConfigError

_FILES = ("certificate-authority", "client-certificate", "client-key")
_LISTS = ("contexts", "clusters", "users")
Documents = list[tuple[Path, dict[str, Any]]]


class KubeconfigContext:
    """The TLS context of one kubeconfig context, built anew when what it is made of changes."""

    def __init__(self, entry: dict[str, Any], credential: Credential) -> None:
        self._entry = entry
        self._credential = credential
        self._made_of: object = None
        self._context: ssl.SSLContext | None = None

    def __call__(self) -> ssl.SSLContext | None:
        if not str(self._entry.get("server", "")).startswith("https:"):
            return None
        pair = self._credential.pair()
        named = [str(self._entry.get(key, "")) for key in _FILES]
        made_of = pair, *own_stamp(), *(file_stamp(name) for name in named)
        if self._context is None or made_of != self._made_of:
            try:
                self._context, self._made_of = self._build(pair), made_of
            except ConfigError:
                if self._context is None:
                    raise
        return self._context

    def _build(self, pair: Pair | None) -> ssl.SSLContext:
        context = plain_context()
        if self._entry.get("insecure-skip-tls-verify"):
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        try:
            self._trust(context)
            self._identify(context, pair)
        except (OSError, ssl.SSLError, ValueError, KeyError) as error:
            raise ConfigError(
                f"the kubeconfig's certificates cannot be used: {error}", reference="kubeconfig"
            ) from error
        return context

    def _trust(self, context: ssl.SSLContext) -> None:
        if data := self._entry.get("certificate-authority-data"):
            context.load_verify_locations(cadata=base64.b64decode(data).decode())
        elif path := self._entry.get("certificate-authority"):
            context.load_verify_locations(cafile=path)

    def _identify(self, context: ssl.SSLContext, pair: Pair | None) -> None:
        entry = self._entry
        if pair is not None:
            _load_pair(context, pair.certificate.encode(), pair.key.reveal().encode())
        elif data := entry.get("client-certificate-data"):
            key = entry["client-key-data"]
            _load_pair(context, base64.b64decode(data), base64.b64decode(key))
        elif path := entry.get("client-certificate"):
            context.load_cert_chain(path, entry["client-key"])


def _load_pair(context: ssl.SSLContext, certificate: bytes, key: bytes) -> None:
    with tempfile.NamedTemporaryFile(suffix=".pem") as file:  # mode 0600, as ssl reads only files
        file.write(certificate + b"\n" + key)
        file.flush()
        context.load_cert_chain(file.name)


def load(context: str, environ: Mapping[str, str]) -> tuple[dict[str, Any], Credential]:
    """Find the context: cluster and user as one dict with absolute paths, and the credential.

    ConfigError says where was looked.
    """
    places = _places(environ)
    documents = _documents(places)
    chosen = _chosen(documents, context)
    cluster = _find(documents, "clusters", chosen.get("cluster", ""))
    if not cluster.get("server"):
        raise _no_way(context, places)
    user = _find(documents, "users", chosen.get("user", ""))
    return {**user, **cluster}, _credential(user, environ)


def find_namespace(context: str, environ: Mapping[str, str]) -> str:
    """The namespace that the context names; "" if it names none."""
    return str(_chosen(_documents(_places(environ)), context).get("namespace") or "")


def _places(environ: Mapping[str, str]) -> list[Path]:
    named = [Path(part) for part in environ.get("KUBECONFIG", "").split(os.pathsep) if part]
    home = environ.get("HOME", "")
    return named or [(Path(home) if home else Path.home()) / ".kube" / "config"]


def _documents(places: list[Path]) -> Documents:
    return [(place.parent, _read(place)) for place in places if place.is_file()]


def _chosen(documents: Documents, context: str) -> dict[str, Any]:
    current = next((d["current-context"] for _, d in documents if d.get("current-context")), "")
    return _find(documents, "contexts", context or current)


def _no_way(context: str, places: list[Path]) -> ConfigError:
    looked = ", ".join(str(place) for place in places)
    wanted = f"the context `{context}`" if context else "a current context"
    return ConfigError(
        f"no way to a Kubernetes API: `host` is not set, this is no pod, and {looked} "
        f"does not have {wanted} with a server",
        hint="set `host` in [runners.kubernetes], or KUBECONFIG",
        reference="kubernetes-access",
    )


def _credential(user: dict[str, Any], environ: Mapping[str, str]) -> Credential:
    if path := user.get("tokenFile"):
        return TokenFile(Path(path))
    if token := user.get("token"):
        return FixedToken(Token(str(token)))
    if spec := user.get("exec"):
        return Plugin(spec, Path(user["folder"]), environ)
    return FixedToken(Token(""))


def _read(place: Path) -> dict[str, Any]:
    import yaml  # a megabyte that a manager in a cluster does not need

    try:
        return _checked(yaml.safe_load(place.read_text()))
    except (OSError, UnicodeDecodeError, TypeError) as error:
        raise ConfigError(f"cannot read {place}: {error}", reference="kubeconfig") from error
    except yaml.YAMLError as error:  # its own text would quote the file
        mark = getattr(error, "problem_mark", None)
        line = f" in line {mark.line + 1}" if mark else ""
        raise ConfigError(f"{place} is no YAML{line}", reference="kubeconfig") from None


def _checked(document: Any) -> dict[str, Any]:
    """The document, if it has the shape of a kubeconfig; an empty file is an empty one."""
    if document is None:
        return {}
    if not isinstance(document, dict):
        raise TypeError("it is no mapping")
    for key in _LISTS:
        if not all(isinstance(item, dict) for item in document.get(key) or []):
            raise TypeError(f"`{key}` is no list of mappings")
    return document


def _find(documents: Documents, key: str, name: str) -> dict[str, Any]:
    """The first entry of that name, its paths made absolute."""
    for folder, document in documents:
        for item in document.get(key) or []:
            if item.get("name") == name:
                entry = dict(item.get(key.removesuffix("s")) or {})
                for path in (*_FILES, "tokenFile"):
                    if entry.get(path):
                        entry[path] = str(folder.absolute() / entry[path])
                return entry | {"folder": str(folder.absolute())}
    return {}
