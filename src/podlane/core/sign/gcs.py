"""Google Cloud Storage's V4 signatures in a query: prepare a call, have it signed, finish it.

In two steps, because the key may be one that only Google's IAM holds. Signing with a key in hand
needs the package's extra `gcs`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime
from urllib.parse import quote, urlsplit

import msgspec

from podlane.core.text.token import Token

LONGEST_SECONDS = 7 * 24 * 3600
_ALGORITHM = "GOOG4-RSA-SHA256"


class Call(msgspec.Struct, frozen=True):
    """`url`: percent-encoded, without a query. Every header is signed."""

    method: str
    url: str
    headers: Mapping[str, str] = {}


class Prepared(msgspec.Struct, frozen=True):
    """A URL that lacks its signature, and the bytes to sign (RSA, PKCS #1 v1.5, SHA-256)."""

    url: str
    text: bytes
    headers: Mapping[str, str] = {}


def prepare(call: Call, account: str, now: float, seconds: float) -> Prepared:
    """`account`: the e-mail address of the service account that signs."""
    time = datetime.fromtimestamp(now, UTC).strftime("%Y%m%dT%H%M%SZ")
    scope = f"{time[:8]}/auto/storage/goog4_request"
    parts = urlsplit(call.url)
    headers = {name.lower(): " ".join(value.split()) for name, value in call.headers.items()}
    headers = dict(sorted({"host": parts.netloc, **headers}.items()))
    query = "&".join(
        f"{key}={quote(value, safe='-_.~')}"
        for key, value in (
            ("X-Goog-Algorithm", _ALGORITHM),
            ("X-Goog-Credential", f"{account}/{scope}"),
            ("X-Goog-Date", time),
            ("X-Goog-Expires", str(int(max(1, min(seconds, LONGEST_SECONDS))))),
            ("X-Goog-SignedHeaders", ";".join(headers)),
        )
    )
    request = "\n".join(
        (
            call.method,
            parts.path or "/",
            query,
            *(f"{name}:{value}" for name, value in headers.items()),
            "",
            ";".join(headers),
            "UNSIGNED-PAYLOAD",
        )
    )
    hashed = hashlib.sha256(request.encode()).hexdigest()
    text = "\n".join((_ALGORITHM, time, scope, hashed))
    return Prepared(f"{call.url}?{query}", text.encode(), call.headers)


def finish(prepared: Prepared, signature: bytes) -> str:
    """Return the whole URL."""
    return f"{prepared.url}&X-Goog-Signature={signature.hex()}"


class RsaKey:
    """A service account's private key in PEM. ValueError when it is none; ImportError without
    the extra."""

    def __init__(self, pem: Token) -> None:
        from cryptography.hazmat.primitives import serialization
        from cryptography.hazmat.primitives.asymmetric import rsa

        text = pem.reveal().replace("\\n", "\n").encode()
        key = serialization.load_pem_private_key(text, password=None)
        if not isinstance(key, rsa.RSAPrivateKey):
            raise ValueError("this is no RSA key")  # noqa: TRY004 - not the caller's type is wrong
        self._key = key

    def sign(self, text: bytes) -> bytes:
        from cryptography.hazmat.primitives import hashes
        from cryptography.hazmat.primitives.asymmetric import padding

        return self._key.sign(text, padding.PKCS1v15(), hashes.SHA256())
