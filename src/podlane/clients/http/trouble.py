"""Say what went wrong on the way to a server, in our words: no credentials, no query, no addresses
of objects. Both senders use it, so that the same fault reads the same."""

from __future__ import annotations

import os
import ssl
from urllib.parse import urlsplit

from podlane.clients.http.request import Request
from podlane.errors import Rejected, Unavailable

_DEPLOYED = "or hand it to `podlane deploy apply --ca-file`"
_HINTS = {
    "gitlab": f"put the CA that signed it into the file that `tls-ca-file` names, {_DEPLOYED}",
    "kubernetes": f"put the CA that signed it into the file that `ca_file` names, {_DEPLOYED}",
    "store": "hand the CA that signed it to `podlane deploy apply --ca-file`",
}


def where(request: Request) -> str:
    """Method, scheme, host and path: no credentials, no query."""
    try:
        parts = urlsplit(request.url)
    except ValueError:
        return request.method
    host = parts.netloc.rpartition("@")[2]
    return f"{request.method} {parts.scheme}://{host}{parts.path}"


def unavailable(request: Request, service: str, what: str) -> Unavailable:
    return Unavailable(f"{where(request)}: {what}", service=service)


def untrusted(request: Request, service: str, error: BaseException) -> Rejected:
    said = getattr(error, "verify_message", "") or "it cannot be verified"
    host = urlsplit(request.url).hostname
    return Rejected(
        f"the certificate of {host} is not trusted: {said}",
        service=service,
        details="certificate",
        hint=_HINTS.get(service, ""),
    )


def reason(error: BaseException) -> str:
    """One clause about an error of the socket or TLS layer."""
    if isinstance(error, TimeoutError):
        return "no answer in time"
    if isinstance(error, ssl.SSLError):
        return f"TLS failed: {(error.reason or str(error)).replace('_', ' ').lower()}"
    if isinstance(error, OSError) and error.errno and error.errno > 0:
        return os.strerror(error.errno).lower()
    if isinstance(error, OSError) and error.strerror:
        return error.strerror.lower()
    return str(error) or type(error).__name__
