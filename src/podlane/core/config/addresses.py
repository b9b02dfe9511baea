"""Addresses of servers in the file: http or https, with a host; what stands there is not shown, for
it may hold a password."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlsplit

_HINT = 'write it with its scheme, such as "https://gitlab.example.com"'


def faults(*values: tuple[str, str]) -> Iterator[tuple[str, ...]]:
    """Key and address; an empty one is none. Others tell of a variable that is not set, which has
    left nothing in its place."""
    for key, address in values:
        if address and not address.startswith(":") and not _is_address(address):
            yield key, "is no address of a server", _HINT


def _is_address(text: str) -> bool:
    try:
        parts = urlsplit(text)
        parts.port  # noqa: B018 - reading it tells whether it is a number
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.hostname)
