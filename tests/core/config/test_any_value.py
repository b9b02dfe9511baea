"""Whatever a key holds, reading it ends in a Config or in a ConfigError that names it."""

from __future__ import annotations

from contextlib import suppress

import pytest

from podlane.core.config.official import tables
from podlane.core.config.parse import parse
from podlane.core.config.recognise import model_tables
from podlane.errors import ConfigError

VALUES = (
    '"text"',
    "3",
    "-1",
    "1.5",
    "true",
    "1979-05-27",
    "07:32:00",
    "[]",
    "[1]",
    '["a"]',
    "[[]]",
    "{}",
    "{a = 1}",
    "[{a = {b = []}}]",
    "inf",
)
RUNNER = '[[runners]]\nurl = "https://g.example"\ntoken = "glrt-hidden"\n'
PLACES = [
    (table, key)
    for owner in (model_tables(), tables())
    for table, keys in owner.items()
    for key in keys
    if key != "*"
]


@pytest.mark.parametrize("value", VALUES)
def test_any_value(value: str) -> None:
    for table, key in PLACES:
        line = f'"{key}" = {value}\n'
        if table in ("", "runners"):
            texts = [line + RUNNER, RUNNER + line] if not table else [RUNNER + line]
        else:
            texts = [RUNNER + f"[{table}]\n{line}", RUNNER + f"[[{table}]]\n{line}"]
        for text in texts:
            with suppress(ConfigError):
                _, notes = parse(text, {})
                assert all(note.line for note in notes)
