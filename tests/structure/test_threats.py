"""The threat model is whole: each threat has a test that is there, or is accepted with a reason."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
_LINES = (ROOT / "docs/threat-model.md").read_text().splitlines()
ROWS = [line for line in _LINES if re.match(r"\| (?!threat )[^-|]", line)]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.split("|")[1].strip()[:60])
def test_a_threat_has_its_test_or_is_accepted(row: str) -> None:
    threat, defence, shown = (cell.strip() for cell in row.strip("|").split("|"))
    paths = re.findall(r"`(tests/[^`]+)`", shown)
    assert not [path for path in paths if not (ROOT / path).exists()]
    accepted = re.match(r"accepted: \S", defence)
    assert paths or accepted or defence.startswith("`make audit`"), threat


def test_there_are_many() -> None:
    assert len(ROWS) > 25
