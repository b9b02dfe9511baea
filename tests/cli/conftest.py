"""What the tests of commands share: a GitLab, an empty home, and a way to run a command."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from harness import command
from harness.runners_gitlab import GitLab, serve_gitlab


@pytest.fixture
def gitlab() -> Iterator[GitLab]:
    with serve_gitlab() as server:
        yield server


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("CONFIG_FILE", raising=False)
    return tmp_path


@pytest.fixture
def podlane(home: Path) -> command.Podlane:
    """Run a command line in this process, at home in an empty folder."""
    return command.run


@pytest.fixture
def config(home: Path) -> Path:
    return home / "config.toml"
