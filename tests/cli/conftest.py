"""What the tests of commands share: a GitLab, an empty home, and a way to run a command."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import click.testing
import msgspec
import pytest
from tests.cli.gitlab_server import GitLab, serve_gitlab

from podlane.cli import main


class Ended(msgspec.Struct):
    code: int
    out: str
    err: str


Podlane = Callable[..., Ended]


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
def podlane(home: Path) -> Podlane:
    """Run a command line in this process, through the one place that makes exit codes."""

    def run(*arguments: str, typed: str = "", **environ: str) -> Ended:
        runner = click.testing.CliRunner()
        with runner.isolation(input=typed, env=environ) as (out, err, _):
            with ThreadPoolExecutor(1) as thread:  # the event loop of pytest's thread stays its own
                code = thread.submit(main.run, list(arguments)).result()
            sys.stdout.flush()
            sys.stderr.flush()
            return Ended(code, out.getvalue().decode(), err.getvalue().decode())

    return run


@pytest.fixture
def config(home: Path) -> Path:
    return home / "config.toml"
