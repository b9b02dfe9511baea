"""Every key of config.toml is explained, once, with an example that the key would take."""

from __future__ import annotations

import tomllib
from datetime import datetime
from typing import Any

import msgspec
import pytest

from podlane.cli.config.facts import inner_struct
from podlane.core.config.explain import entries
from podlane.core.config.model import Config
from podlane.core.config.official import ANY, tables
from podlane.core.config.recognise import model_tables
from podlane.core.text import token


def _keys() -> set[tuple[str, str]]:
    """Every key that the model or the official tables have."""
    return {
        (table, key)
        for known in (model_tables(), tables())
        for table, keys in known.items()
        for key in keys
        if key != ANY
    }


def _explained() -> set[tuple[str, str]]:
    return {(table, key) for table, keys in entries().items() for key in keys}


def _types(kind: type, table: str = "") -> dict[tuple[str, str], Any]:
    found: dict[tuple[str, str], Any] = {}
    for field in msgspec.structs.fields(kind):
        found[table, field.encode_name] = field.type
        if inner := inner_struct(field.type):
            found |= _types(inner, f"{table}.{field.encode_name}".lstrip("."))
    return found


TYPES = _types(Config)


def test_every_key_is_explained() -> None:
    missing = sorted(_keys() - _explained())
    assert not missing, "write a sentence for each into core/config/explain_*.py"


def test_nothing_is_explained_that_is_no_key() -> None:
    assert not sorted(_explained() - _keys())


@pytest.mark.parametrize("place", sorted(_explained()), ids=".".join)
def test_text_is_a_sentence_and_example_is_taken(place: tuple[str, str]) -> None:
    table, key = place
    entry = entries()[table][key]
    assert entry.text[0].isupper() or entry.text[0] == "`" or entry.text.startswith("podlane")
    assert entry.text.endswith(".")
    assert 8 <= len(entry.text) <= 320
    if entry.example:
        value = tomllib.loads(f"key = {entry.example}")["key"]
        assert place not in TYPES or _convert(value, TYPES[place]) is not None


def _convert(value: Any, kind: Any) -> Any:
    if isinstance(value, datetime):  # as `parse` does
        value = value.isoformat()
    return token.convert({"value": value}, msgspec.defstruct("One", [("value", kind)]))


def test_entries_are_read_as_written() -> None:
    entry = entries()["runners.kubernetes"]["poll_timeout"]
    assert entry.unit == "seconds"
    assert entry.example == "600"
    assert not entry.is_expanded
    assert entries()["runners"]["builds_dir"].is_expanded
    both = entries()["runners.kubernetes"]
    assert both["allowed_users"] == both["allowed_groups"]
