"""Variables of the process and files of a folder, as one."""

from __future__ import annotations

from pathlib import Path

import pytest

from podlane.manager.environment import Environment


def test_a_file_wins_and_is_read_anew(tmp_path: Path) -> None:
    found = Environment({"PODLANE_SECRETS": str(tmp_path), "A": "1", "B": "2"})
    assert (found["A"], "C" in found) == ("1", False)
    (tmp_path / "A").write_text("from a file\n")
    (tmp_path / "C").write_text("new")
    assert (found["A"], found["B"], found["C"]) == ("from a file", "2", "new")
    assert sorted(found) == ["A", "B", "C", "PODLANE_SECRETS"]
    assert len(found) == 4


def test_a_name_leads_nowhere_else(tmp_path: Path) -> None:
    folder = tmp_path / "secrets"
    folder.mkdir()
    (tmp_path / "outside").write_text("never")
    (folder / ".hidden").write_text("never")
    found = Environment({"PODLANE_SECRETS": str(folder)})
    for name in ("../outside", ".hidden", "", "."):
        with pytest.raises(KeyError):
            found[name]


def test_without_a_folder_it_is_the_process_alone() -> None:
    assert dict(Environment({"A": "1"})) == {"A": "1"}
