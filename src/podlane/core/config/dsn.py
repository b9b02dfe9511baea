"""`sentry_dsn`: `https://<key>@<host>/<path>/<project>`, as Sentry shows it."""

from __future__ import annotations

import re
from collections.abc import Iterator

import msgspec

from podlane.core.text.token import Token

_FORM = re.compile(
    r"(https?)://([0-9A-Za-z]+)(?::[^@/]*)?@([^\s/@?#]+)((?:/[^\s/?#]+)*)/([0-9]+)/?"
)


class Dsn(msgspec.Struct, frozen=True):
    """`url` takes the events; `key` lets them in."""

    url: str
    key: Token


def parse_dsn(text: str) -> Dsn:
    """ValueError, which does not repeat the text, says what a DSN looks like."""
    found = _FORM.fullmatch(text.strip())
    if found is None:
        raise ValueError("is no address of a Sentry project: `https://<key>@<host>/<project>`")
    scheme, key, host, path, project = found.groups()
    return Dsn(f"{scheme}://{host}{path}/api/{project}/envelope/", Token(key))


def faults(key: str, dsn: Token) -> Iterator[tuple[str, str]]:
    try:
        if dsn:
            parse_dsn(dsn.reveal())
    except ValueError as error:
        yield key, str(error)
