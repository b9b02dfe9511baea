"""The certificates that a server shows, whether they are trusted or not: to say what is missing."""

from __future__ import annotations

import os
import ssl
from typing import Any

import msgspec

from podlane.clients.http.address import address, connection
from podlane.clients.http.proxy import find_proxy
from podlane.clients.http.tls import TlsFiles, plain_context

_SECONDS = 15
_SHORT = {"commonName": "CN", "organizationName": "O", "organizationalUnitName": "OU"}


class Shown(msgspec.Struct, frozen=True):
    """One certificate. `names`: the hosts it is for; `ends`: as OpenSSL writes a time."""

    subject: str
    issuer: str
    names: tuple[str, ...] = ()
    ends: str = ""


def shown_by(url: str, files: TlsFiles) -> tuple[Shown, ...]:
    """What the server of `url` shows, its own certificate first; none if it shows none.

    Nothing is sent but the handshake: whoever answers is not to be trusted yet.
    """
    context = plain_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    if files.cert_file:
        context.load_cert_chain(files.cert_file, files.key_file or None)
    made = connection(address(url), find_proxy(url, os.environ), _SECONDS, lambda: context)
    try:
        made.connect()
        inner: Any = getattr(made.sock, "_sslobj", None)  # public from Python 3.13, as bytes only
        found = inner.get_unverified_chain() if hasattr(inner, "get_unverified_chain") else None
        return tuple(_read(one.get_info()) for one in found or ())
    finally:
        made.close()


def _read(info: dict[str, Any]) -> Shown:
    names = tuple(
        text for kind, text in info.get("subjectAltName", ()) if kind in ("DNS", "IP Address")
    )
    return Shown(
        _name(info.get("subject")), _name(info.get("issuer")), names, info.get("notAfter", "")
    )


def _name(parts: Any) -> str:
    """`CN=…, O=…`: what people know a CA by, the most telling part first."""
    found = {key: str(text) for part in parts or () for key, text in part}
    told = [f"{short}={found[key]}" for key, short in _SHORT.items() if key in found]
    return ", ".join(told) or "an unnamed CA"
