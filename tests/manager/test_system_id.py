"""The system id beside config.toml."""

from __future__ import annotations

import re
import stat
from pathlib import Path

import pytest

from podlane.manager.system_id import FILE_NAME, load_system_id

VALID = re.compile(r"[sr]_[0-9a-zA-Z]{12}")


def test_it_is_made_once_and_kept(tmp_path: Path) -> None:
    config = tmp_path / "new" / "config.toml"
    first = load_system_id(config, ())
    assert VALID.fullmatch(first.text)
    assert first.text.startswith("r_")
    file = config.parent / FILE_NAME
    assert (file.read_text(), stat.S_IMODE(file.stat().st_mode)) == (first.text, 0o600)
    assert load_system_id(config, ()) == first


def test_a_machine_has_the_same_one_anywhere(tmp_path: Path) -> None:
    machine = tmp_path / "machine-id"
    machine.write_text("0123456789abcdef0123456789abcdef\n")
    one = load_system_id(tmp_path / "a" / "config.toml", (tmp_path / "none", machine))
    two = load_system_id(tmp_path / "b" / "config.toml", (machine,))
    assert one.text == two.text
    assert one.text == "s_ee3af03959fe"


@pytest.mark.parametrize(
    "text", ["", "s_short", "x_0123456789ab", "s_0123456789ab\nmore", "s_0123456789äb"]
)
def test_what_is_no_id_is_replaced(tmp_path: Path, text: str) -> None:
    (tmp_path / FILE_NAME).write_text(text)
    found = load_system_id(tmp_path / "config.toml", ())
    assert VALID.fullmatch(found.text)
    assert (tmp_path / FILE_NAME).read_text() == found.text


def test_where_it_cannot_be_kept_it_says_so(tmp_path: Path) -> None:
    (tmp_path / "folder").write_text("a file where a folder should be")
    found = load_system_id(tmp_path / "folder" / "config.toml", ())
    assert VALID.fullmatch(found.text)
    assert not found.is_persistent
    assert "GitLab shows a new manager of the runner after each start" in found.note


def test_a_deployment_tells_its_own(tmp_path: Path) -> None:
    assert (
        load_system_id(tmp_path / "config.toml", (), told="r_0123456789ab").text == "r_0123456789ab"
    )
    assert load_system_id(tmp_path / "config.toml", (), told="nonsense").text != "nonsense"
