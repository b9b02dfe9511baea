"""docs/reference/failures.md: each row names what shows it, and no recorded state is left out."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[2]
PAGE = TESTS.parent / "docs" / "reference" / "failures.md"
ROWS = [
    line.strip("|").split(" | ")
    for line in PAGE.read_text().splitlines()
    if line.startswith("| ") and not line.startswith("| what")
]
RECORDED = TESTS / "core" / "pod" / "recorded"


def shown_by(row: list[str]) -> list[tuple[str, list[Path]]]:
    """Each name in the last column, with the files that it stands for."""
    found, folder = [], "scenarios"
    for lead, name in re.findall(r"(recorded )?`([^`]+)`", row[-1]):
        folder = "recorded" if lead else folder
        if "/" in name:
            folder, name = name.rsplit("/", 1)
        at = RECORDED if folder == "recorded" else TESTS / folder
        at = at if at.exists() else TESTS / "scenarios" / folder
        found.append((name, [*at.glob(name), *at.glob(f"{name}.yaml"), *at.glob(f"{name}.json")]))
    return found


@pytest.mark.parametrize("row", ROWS, ids=[row[0].strip() for row in ROWS])
def test_what_a_row_names_is_there(row: list[str]) -> None:
    assert len(row) == 4
    assert shown_by(row)
    assert not [name for name, files in shown_by(row) if not files]


def test_each_recorded_state_stands_in_a_row() -> None:
    named = {path for row in ROWS for _, files in shown_by(row) for path in files}
    left = {path.stem for path in RECORDED.glob("*.json") if path not in named}
    assert not left
