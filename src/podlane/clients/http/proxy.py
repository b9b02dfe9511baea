"""Which proxy a URL goes through, by HTTP_PROXY, HTTPS_PROXY and NO_PROXY.

The rules are those of Go's HTTP client, for which the NO_PROXY lists of clusters are written: CIDR
ranges, domains with all that lies below them, ports; this machine itself is never proxied.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from urllib.parse import unquote, urlsplit

import msgspec

from podlane.core.text.token import Token


class Proxy(msgspec.Struct, frozen=True):
    """`scheme` is the one spoken to the proxy itself."""

    scheme: str
    host: str
    port: int
    user: str = ""
    password: Token = Token("")

    @property
    def url(self) -> str:
        """Without the credentials."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}:{self.port}"

    def headers(self) -> dict[str, str]:
        """What proves to the proxy who we are."""
        if not self.user:
            return {}
        pair = f"{self.user}:{self.password.reveal()}".encode()
        return {"Proxy-Authorization": f"Basic {base64.b64encode(pair).decode()}"}


def find_proxy(url: str, environ: Mapping[str, str]) -> Proxy | None:
    """The proxy for `url`, or None: go straight, as what is no URL does (its sender tells)."""
    try:
        text = _read(environ, f"{urlsplit(url).scheme.lower()}_proxy")
        if not text or is_direct(url, _read(environ, "no_proxy")):
            return None
    except ValueError:
        return None
    return parse_proxy(text)


def parse_proxy(text: str) -> Proxy | None:
    """Read `host`, `host:port` or a URL; None when there is no host in it."""
    parts = urlsplit(text if "://" in text else f"http://{text}")
    try:
        port = parts.port
    except ValueError:
        return None
    if not parts.hostname:
        return None
    return Proxy(
        parts.scheme,
        parts.hostname,
        port or {"https": 443, "http": 80}.get(parts.scheme, 1080),
        unquote(parts.username or ""),
        Token(unquote(parts.password or "")),
    )


def is_direct(url: str, no_proxy: str) -> bool:
    """Tell whether NO_PROXY, or being this machine, keeps `url` from the proxy."""
    parts = urlsplit(url)
    host = (parts.hostname or "").rstrip(".").lower()
    port = parts.port or (443 if parts.scheme == "https" else 80)
    if host == "localhost" or _is_in(host, "127.0.0.0/8") or host == "::1":
        return True
    entries = [entry.strip().lower() for entry in no_proxy.split(",")]
    return any(_matches(host, port, entry) for entry in entries if entry)


def _matches(host: str, port: int, entry: str) -> bool:
    if entry == "*":
        return True
    if "/" in entry:
        return _is_in(host, entry)
    name, wanted = _cut_port(entry)
    if wanted and wanted != str(port):
        return False
    name = name.removeprefix("*")
    if name.startswith("."):
        return host.endswith(name)
    return host == name or (host.endswith(f".{name}") and not _is_in(host, "::/0", "0.0.0.0/0"))


def _cut_port(entry: str) -> tuple[str, str]:
    if entry.startswith("["):
        name, _, rest = entry[1:].partition("]")
        return name, rest.removeprefix(":")
    if entry.count(":") > 1:
        return entry, ""
    name, _, port = entry.partition(":")
    return name, port


def _is_in(host: str, *networks: str) -> bool:
    if not host or not (host[0].isdigit() or ":" in host):
        return False
    import ipaddress  # of no use to most, so not loaded with the module

    try:
        address = ipaddress.ip_address(host)
        return any(address in ipaddress.ip_network(network, strict=False) for network in networks)
    except ValueError:
        return False


def _read(environ: Mapping[str, str], name: str) -> str:
    return environ.get(name.upper()) or environ.get(name) or ""
