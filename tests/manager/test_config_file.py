"""config.toml on disk: read with its path in every error, written whole or not at all."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from podlane.errors import ConfigError
from podlane.manager.config_file import (
    check_text,
    check_writable,
    find_config_file,
    read_config,
    write_text,
)


def test_a_new_file_is_its_owners_only(tmp_path: Path) -> None:
    file = tmp_path / "new" / "config.toml"
    write_text(file, "concurrent = 1\n")
    assert (file.read_text(), stat.S_IMODE(file.stat().st_mode)) == ("concurrent = 1\n", 0o600)
    assert [path.name for path in file.parent.iterdir()] == ["config.toml"]


def test_mode_and_link_stay(tmp_path: Path) -> None:
    real, link = tmp_path / "real.toml", tmp_path / "config.toml"
    real.write_text("old")
    real.chmod(0o644)
    link.symlink_to(real)
    write_text(link, "new")
    assert link.is_symlink()
    assert (real.read_text(), stat.S_IMODE(real.stat().st_mode)) == ("new", 0o644)


def test_what_cannot_be_written_is_refused_before_and_after(tmp_path: Path) -> None:
    (tmp_path / "folder").write_text("a file where a folder should be")
    file = tmp_path / "folder" / "config.toml"
    with pytest.raises(ConfigError, match="cannot write"):
        check_writable(file)
    with pytest.raises(ConfigError, match="cannot write"):
        write_text(file, "x")


def test_errors_name_the_file(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_text("concurrent = 0")
    with pytest.raises(ConfigError) as caught:
        read_config(file, {})
    assert caught.value.message == f"{file}: line 1: `concurrent` must be 1 or more, and is 0"
    file.write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigError, match="it is not UTF-8 text"):
        read_config(file, {})


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=f"there is no config.toml; looked at: {tmp_path}"):
        find_config_file(str(tmp_path), {})


def test_a_runner_with_other_faults_hears_of_its_time_zone_too(tmp_path: Path) -> None:
    text = (
        'concurrent = 1\n[[runners]]\nurl = "https://g.test"\ntoken = "t"\nlimit = -1\n'
        '[[runners.monitoring.job_queuing_durations]]\ntimezone = "Europe/Berln"\n'
        "[[runners.kubernetes.autoscaler.policy]]\ntimezone = 'UTC'\n"
    )
    checked = check_text(text, tmp_path, {})
    assert [(note.line, note.hint) for note in checked.faults] == [
        (5, ""),
        (7, "the nearest one is `Europe/Berlin`"),
    ]
    assert len(checked.left_out) == 1
