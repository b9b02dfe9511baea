"""`url` and `token` of a runner entry: `$VARIABLES` filled in, and fit to be used."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from podlane.core.config.lines import Path, find_line
from podlane.core.config.recognise import Place
from podlane.core.config.values import type_error
from podlane.errors import ConfigError

_VARIABLE = re.compile(r"\$(?:(\w+)|\{(\w+)\})", re.ASCII)
_URL = re.compile(r"https?://[^\s/]+\S*", re.IGNORECASE)
REGISTRATION_PREFIX = "GR1348941"


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
    table: Mapping[str, Any], place: Place, lines: dict[Path, int], environ: Mapping[str, str]
) -> dict[str, str]:
    """Return `url` and `token` of a runner entry as they are to be used."""
    url = normal_url(_filled("url", table, place, lines, environ))
    if not url:
        raise ConfigError(
            f"{_at('url', place, lines)} is missing",
            hint='write GitLab\'s address, such as `url = "https://gitlab.com"`',
            reference="config-url",
        )
    if not is_url(url):
        raise ConfigError(
            f"{_at('url', place, lines)} is not the address of a web server",
            hint='write GitLab\'s address with its scheme, such as `url = "https://gitlab.com"`',
            reference="config-url",
        )
    token = _filled("token", table, place, lines, environ).strip()
    if not token:
        raise ConfigError(
            f"{_at('token', place, lines)} is empty",
            hint="run `podlane register`, or copy the runner's token from GitLab (`glrt-…`)",
            reference="config-token",
        )
    if token.startswith(REGISTRATION_PREFIX):
        raise ConfigError(
            f"{_at('token', place, lines)} holds a registration token, which takes no jobs",
            hint="`podlane register --registration-token` exchanges it for a runner's own token",
            reference="config-token",
        )
    return {"url": url, "token": token}


def _filled(
    key: str,
    table: Mapping[str, Any],
    place: Place,
    lines: dict[Path, int],
    environ: Mapping[str, str],
) -> str:
    value = table.get(key, "")
    if not isinstance(value, str):
        raise type_error("str", type(value).__name__, place.key(key), place.inside(key).path, lines)
    text, missing = expand_environment(value, environ)
    if missing:
        raise ConfigError(
            f"{_at(key, place, lines)} uses `${missing[0]}`, which is not set in the environment",
            hint=f"set {missing[0]} where podlane is started, or write the value into the file",
            reference="config-environment",
        )
    return text


def _at(key: str, place: Place, lines: dict[Path, int]) -> str:
    line = find_line(lines, (*place.path, key))
    return f"line {line}: `{place.key(key)}`" if line else f"`{place.key(key)}`"
