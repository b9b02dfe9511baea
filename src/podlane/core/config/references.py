"""Which keys of a runner entry are secret, and `$PODLANE_…` in them.

`podlane deploy` keeps the secrets of a config.toml in a Secret of their own and leaves a reference
in the file. Everywhere but in `url` and `token`, where any `$VARIABLE` is filled in as with
gitlab-runner, only these references mean something: a key of a store may well begin with a `$`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any, get_args

import msgspec

from podlane.core.config.faults import fault
from podlane.core.config.model import RunnerConfig
from podlane.core.config.place import Found, Place
from podlane.core.text.token import Token

PREFIX = "PODLANE_"
_REFERENCE = re.compile(rf"\$({PREFIX}[A-Z0-9_]+)")
Path = tuple[str, ...]
# no secrets, but they come with one, out of the same Secret
_BESIDE_SECRETS: tuple[Path, ...] = (
    ("cache", "gcs", "AccessID"),
    ("cache", "azure", "AccountName"),
)


@lru_cache(maxsize=1)
def secret_keys() -> tuple[Path, ...]:
    """The path of each key of a runner entry whose value must never be seen: `("token",)` …"""
    return tuple(_secret_keys(RunnerConfig, ()))


def _secret_keys(kind: type, before: Path) -> Iterator[Path]:
    for field in msgspec.structs.fields(kind):
        path = (*before, field.encode_name)
        if field.type is Token or Token in get_args(field.type):
            yield path
        elif isinstance(field.type, type) and issubclass(field.type, msgspec.Struct):
            yield from _secret_keys(field.type, path)


def filled(
    values: dict[str, Any], place: Place, environ: Mapping[str, str]
) -> tuple[dict[str, Any], list[Found]]:
    """Put in what references mean; `values` are those of a runner entry under their exact names."""
    found: list[Found] = []
    for path in (*secret_keys(), *_BESIDE_SECRETS):
        if path != ("token",):
            values = _filled(values, path, place, environ, found)
    return values, found


def _filled(
    table: dict[str, Any], path: Path, place: Place, environ: Mapping[str, str], found: list[Found]
) -> dict[str, Any]:
    key, rest = path[0], path[1:]
    value = table.get(key)
    if rest:
        if not isinstance(value, dict):
            return table
        inner = _filled(value, rest, place.inside(key), environ, found)
        return table if inner is value else table | {key: inner}
    match = _REFERENCE.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        return table
    if match[1] in environ:
        return table | {key: environ[match[1]]}
    found.append(
        fault(
            place.inside(key),
            f"uses `${match[1]}`, which is not set in the environment",
            hint=f"set {match[1]} where podlane is started, or write the value into the file",
            reference="config-environment",
        )
    )
    return table
