"""`url` and `token` of a runner entry: `$VARIABLES` filled in, and fit to be used."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from podlane.core.config.faults import fault
from podlane.core.config.fit import wrong_type
from podlane.core.config.place import Found, Place
from podlane.core.config.rotation import times_beside

_VARIABLE = re.compile(r"\$(?:(\w+)|\{(\w+)\})", re.ASCII)
_URL = re.compile(r"https?://[^\s/]+\S*", re.IGNORECASE)
REGISTRATION_PREFIX = "GR1348941"
_MISSING = "is missing"


def normal_url(url: str) -> str:
    """Return GitLab's address as calls are built on it: no trailing `/`, no trailing `/ci`."""
    return url.strip().rstrip("/").removesuffix("/ci").rstrip("/")


def is_url(url: str) -> bool:
    return _URL.fullmatch(url) is not None


def expand_environment(text: str, environ: Mapping[str, str]) -> tuple[str, tuple[str, ...]]:
    """Fill `$NAME` and `${NAME}`; return the text and the names that are not set."""
    missing: list[str] = []

    def fill(match: re.Match[str]) -> str:
        name = match[1] or match[2]
        if name not in environ:
            missing.append(name)
        return environ.get(name, "")

    return _VARIABLE.sub(fill, text), tuple(missing)


def connection(
    table: Mapping[str, Any], place: Place, environ: Mapping[str, str]
) -> tuple[dict[str, str], list[Found]]:
    """Return `url` and `token` of a runner entry as they are to be used, and what they lack."""
    url, found = _filled("url", table, place, environ)
    url = normal_url(url)
    if not found and not is_url(url):
        found = [_no_url(place.inside("url"), url)]
    token, missing = _filled("token", table, place, environ)
    token = token.strip()
    if not missing and not token:
        missing = [_no_token(place.inside("token"), "is empty" if "token" in table else _MISSING)]
    elif token.startswith(REGISTRATION_PREFIX):
        missing = [_registration_token(place.inside("token"))]
    times = times_beside(table.get("token"), environ)
    return {"url": url, "token": token} | times, found + missing


def _no_url(place: Place, url: str) -> Found:
    what = "is not the address of a web server" if url else _MISSING
    scheme = " with its scheme" if url else ""
    hint = f'write GitLab\'s address{scheme}, such as `url = "https://gitlab.com"`'
    return fault(place, what, hint=hint, reference="config-url")


def _no_token(place: Place, what: str) -> Found:
    hint = "run `podlane register`, or copy the runner's token from GitLab (`glrt-…`)"
    return fault(place, what, hint=hint, reference="config-token")


def _registration_token(place: Place) -> Found:
    hint = "`podlane register --registration-token` exchanges it for a runner's own token"
    what = "holds a registration token, which takes no jobs"
    return fault(place, what, hint=hint, reference="config-token")


def _filled(
    key: str, table: Mapping[str, Any], place: Place, environ: Mapping[str, str]
) -> tuple[str, list[Found]]:
    value = table.get(key, "")
    if not isinstance(value, str):
        return "", [wrong_type("str", type(value).__name__, place.inside(key))]
    text, missing = expand_environment(value, environ)
    unset = [
        fault(
            place.inside(key),
            f"uses `${name}`, which is not set in the environment",
            hint=f"set {name} where podlane is started, or write the value into the file",
            reference="config-environment",
        )
        for name in dict.fromkeys(missing)
    ]
    return text, unset
