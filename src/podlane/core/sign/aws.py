"""AWS Signature Version 4, in the query (a URL to hand on) and in headers (a request to send).

The URL of a call is whole and percent-encoded already (`encode` does it as AWS wants it); every
header of a call is signed, and so has to be sent as it is.
"""

from __future__ import annotations

import hashlib
import hmac
import posixpath
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import lru_cache
from urllib.parse import quote, urlsplit

import msgspec

from podlane.core.text.token import Token

UNSIGNED = "UNSIGNED-PAYLOAD"
LONGEST_SECONDS = 7 * 24 * 3600  # a signature in a query is refused beyond
_ALGORITHM = "AWS4-HMAC-SHA256"
_PORTS = {"http": 80, "https": 443}


class AwsCredentials(msgspec.Struct, frozen=True):
    """`expires_at`: epoch seconds; 0 for keys that do not end."""

    access_key: Token
    secret_key: Token
    session_token: Token = Token("")
    expires_at: float = 0


class Signer(msgspec.Struct, frozen=True):
    """Who signs, for which service (`s3`, `sts`, `secretsmanager`), when (epoch seconds)."""

    credentials: AwsCredentials
    region: str
    service: str
    now: float

    @property
    def time(self) -> str:
        return _time(int(self.now))

    @property
    def scope(self) -> str:
        return f"{self.time[:8]}/{self.region}/{self.service}/aws4_request"


class Call(msgspec.Struct, frozen=True):
    """`payload`: the body's SHA-256 in hex (`digest`), or UNSIGNED."""

    method: str
    url: str
    headers: Mapping[str, str] = {}
    payload: str = UNSIGNED


def encode(text: str, safe: str = "") -> str:
    """Percent-encode as AWS does; `safe="/"` for a path."""
    return quote(text, safe=f"-_.~{safe}")


def digest(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()


def sign_query(signer: Signer, call: Call, seconds: float) -> str:
    """Return the URL that may be asked, with just this method and these headers, for `seconds`."""
    headers = _signed_headers(call)
    credentials = signer.credentials
    fields = {
        "X-Amz-Algorithm": _ALGORITHM,
        "X-Amz-Credential": f"{credentials.access_key.reveal()}/{signer.scope}",
        "X-Amz-Date": signer.time,
        "X-Amz-Expires": str(int(max(1, min(seconds, LONGEST_SECONDS)))),
        "X-Amz-SignedHeaders": ";".join(headers),
    }
    if credentials.session_token:
        fields["X-Amz-Security-Token"] = credentials.session_token.reveal()
    added = "&".join(f"{encode(key)}={encode(value)}" for key, value in fields.items())
    url = f"{call.url}{'&' if urlsplit(call.url).query else '?'}{added}"
    signature = _signature(signer, msgspec.structs.replace(call, url=url), headers)
    return f"{url}&X-Amz-Signature={signature}"


def sign_headers(signer: Signer, call: Call) -> dict[str, str]:
    """Return the headers to send: those of the call and those that sign it."""
    credentials = signer.credentials
    sent = {**call.headers, "X-Amz-Date": signer.time}
    if credentials.session_token:
        sent["X-Amz-Security-Token"] = credentials.session_token.reveal()
    if signer.service == "s3":
        sent["X-Amz-Content-SHA256"] = call.payload
    whole = msgspec.structs.replace(call, headers=sent)
    headers = _signed_headers(whole)
    signature = _signature(signer, whole, headers)
    sent["Authorization"] = (
        f"{_ALGORITHM} Credential={credentials.access_key.reveal()}/{signer.scope}, "
        f"SignedHeaders={';'.join(headers)}, Signature={signature}"
    )
    return sent


def _signed_headers(call: Call) -> dict[str, str]:
    """Every header of the call and its host: small names, single blanks, in order."""
    headers = {name.lower(): " ".join(value.split()) for name, value in call.headers.items()}
    return dict(sorted({"host": _host(call.url), **headers}.items()))


def _host(url: str) -> str:
    parts = urlsplit(url)
    host = parts.hostname or ""
    shown = f"[{host}]" if ":" in host else host
    port = parts.port
    return shown if port is None or port == _PORTS.get(parts.scheme) else f"{shown}:{port}"


def _signature(signer: Signer, call: Call, headers: Mapping[str, str]) -> str:
    parts = urlsplit(call.url)
    request = "\n".join(
        (
            call.method,
            _path(parts.path or "/", signer.service),
            _query(parts.query),
            *(f"{name}:{value}" for name, value in headers.items()),
            "",
            ";".join(headers),
            call.payload,
        )
    )
    scope = signer.scope
    text = "\n".join((_ALGORITHM, signer.time, scope, digest(request.encode())))
    key = _key(signer.credentials.secret_key, scope)
    return hmac.digest(key, text.encode(), "sha256").hex()


@lru_cache(maxsize=8)
def _time(now: int) -> str:
    return datetime.fromtimestamp(now, UTC).strftime("%Y%m%dT%H%M%SZ")


@lru_cache(maxsize=8)
def _key(secret: Token, scope: str) -> bytes:
    """The key of a day, region and service: an upload in parts is signed hundreds of times."""
    key = f"AWS4{secret.reveal()}".encode()
    for part in scope.split("/"):
        key = hmac.digest(key, part.encode(), "sha256")
    return key


def _query(query: str) -> str:
    pairs = sorted(pair.partition("=")[::2] for pair in query.split("&") if pair)
    return "&".join(f"{key}={value}" for key, value in pairs)


def _path(path: str, service: str) -> str:
    """S3 signs the path as it is; everyone else cleans it and encodes it once more."""
    if service == "s3":
        return path
    cleaned = posixpath.normpath(path)
    return quote(f"{cleaned}/" if path.endswith("/") and cleaned != "/" else cleaned, safe="/~")
