"""Takes the secrets out of a config.toml: what remains may stand in a ConfigMap."""

from __future__ import annotations

from collections.abc import MutableMapping
from typing import Any

import tomlkit

from podlane.core.config.references import PREFIX, secret_keys
from podlane.core.text.token import Token


def without_secrets(text: str) -> tuple[str, dict[str, Token]]:
    """Put `$PODLANE_…` where a secret stands; return the text and the secrets by their names.

    A value that is a reference already stays, and so does a `$VARIABLE` in `token`. The text must
    be a config.toml that parses.
    """
    document = tomlkit.parse(text)
    found: dict[str, Token] = {}
    runners: Any = document.get("runners", [])
    for number, runner in enumerate(runners, start=1):
        for path in secret_keys():
            _take(runner, path, f"{PREFIX}{_name(path)}_{number}", found)
    return tomlkit.dumps(document), found


def _take(table: Any, path: tuple[str, ...], name: str, found: dict[str, Token]) -> None:
    for step in path[:-1]:
        key = spelt(table, step)
        table = table[key] if key else {}
    key = spelt(table, path[-1])
    value = table[key] if key else ""
    if isinstance(value, str) and value and not value.startswith(f"${PREFIX}"):
        if path == ("token",) and value.startswith("$"):
            return
        table[key] = f"${name}"
        found[name] = Token(str(value))


def spelt(table: Any, wanted: str) -> str:
    """The key as the file writes it: case does not count."""
    if not isinstance(table, MutableMapping):
        return ""
    return next((str(key) for key in table if str(key).lower() == wanted.lower()), "")


def _name(path: tuple[str, ...]) -> str:
    """`token` → TOKEN, `cache.s3.SecretKey` → CACHE_S3_SECRETKEY."""
    return "_".join(path).upper().replace("-", "_")
