"""Who the runners of a config.toml are, whatever their executor: for list, verify, unregister.

Less than parse.py asks: a file that podlane would not run can still be listed and cleaned.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from podlane.core.config.connection import expand_environment, normal_url
from podlane.core.config.lines import key_lines
from podlane.core.config.model import RunnerConfig
from podlane.core.config.toml import read_toml, runner_tables
from podlane.core.text.token import Token


class Entry(msgspec.Struct, frozen=True):
    """One `[[runners]]`: its position in the file and who it is to GitLab.

    `missing` names environment variables that its url or token use and that are not set.
    """

    index: int
    runner: RunnerConfig
    missing: tuple[str, ...] = ()


def read_entries(text: str, environ: Mapping[str, str]) -> tuple[Entry, ...]:
    tables = runner_tables(read_toml(text), key_lines(text))
    return tuple(_entry(index, table, environ) for index, table in enumerate(tables))


def choose(
    entries: tuple[Entry, ...], *, name: str = "", url: str = "", token: str = ""
) -> tuple[Entry, ...]:
    """Return the entries that agree with all that is given."""
    return tuple(
        entry
        for entry in entries
        if (not name or entry.runner.name == name)
        and (not url or entry.runner.url == normal_url(url))
        and (not token or entry.runner.token == Token(token))
    )


def _entry(index: int, table: Mapping[str, Any], environ: Mapping[str, str]) -> Entry:
    url, no_url = expand_environment(_text(table, "url"), environ)
    token, no_token = expand_environment(_text(table, "token"), environ)
    number = table.get("id", 0)
    runner = RunnerConfig(
        url=normal_url(url),
        token=Token(token.strip()),
        name=_text(table, "name"),
        id=number if type(number) is int else 0,
        executor=_text(table, "executor"),
        tls_ca_file=_text(table, "tls-ca-file"),
        tls_cert_file=_text(table, "tls-cert-file"),
        tls_key_file=_text(table, "tls-key-file"),
    )
    return Entry(index, runner, no_url + no_token)


def _text(table: Mapping[str, Any], key: str) -> str:
    value = table.get(key, "")
    return value if isinstance(value, str) else ""
