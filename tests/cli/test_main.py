"""The door: which program starts, what errors become."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from podlane import __version__
from podlane.cli import main
from podlane.cli.table import COMMANDS
from podlane.errors import ConfigError, PodlaneError, Rejected

PODLANE = (sys.executable, "-m", "podlane")


def podlane(*arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*PODLANE, *arguments], capture_output=True, text=True, timeout=30, check=False, env=environ
    )


def test_version() -> None:
    done = podlane("--version")
    assert done.returncode == 0
    lines = done.stdout.splitlines()
    assert lines[0] == f"Version:      {__version__}"
    assert [line.split(":")[0] for line in lines] == ["Version", "Python", "OS/Arch"]


def test_help_lists_every_command_without_importing_one() -> None:
    code = (
        "import sys; from podlane.cli import main; main.run(['--help'])\n"
        "print(sorted(m for m in sys.modules if m.startswith('podlane.')))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=30
    )
    assert all(f"  {name} " in done.stdout for name in COMMANDS)
    assert "podlane.manager" not in done.stdout
    assert "podlane.cli.register" not in done.stdout


def test_the_helper_starts_without_click_and_aiohttp() -> None:
    code = (
        "import sys; from podlane.cli import main; main.run(['helper', '/nonexistent'])\n"
        "print([m for m in ('click', 'aiohttp', 'asyncio', 'tomlkit') if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=30
    )
    assert done.stdout.splitlines()[-1] == "[]"


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["frobnicate"], 2, "No such command 'frobnicate'"),
        (["list", "--frobnicate"], 2, "`podlane list --help` lists what it takes"),
        (["list", "--config", "/nonexistent/config.toml"], 2, "/nonexistent/config.toml"),
        ([], 2, "Usage: podlane"),
    ],
)
def test_a_wrong_command_line(arguments: list[str], code: int, words: str) -> None:
    done = podlane(*arguments, HOME="/nonexistent")
    assert done.returncode == code
    assert words in done.stderr
    assert "Traceback" not in done.stderr


def test_no_config_names_the_places(tmp_path: Path) -> None:
    done = podlane("list", HOME=str(tmp_path))
    if Path("/etc/gitlab-runner/config.toml").exists():
        pytest.skip("this machine has a runner's configuration")
    assert done.returncode == 2
    assert f"{tmp_path}/.gitlab-runner/config.toml, /etc/gitlab-runner/config.toml" in done.stderr


def test_a_broken_file_names_line_and_key(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_text("concurrent = 1\ntoken = glrt-hidden\n")
    done = podlane("list", CONFIG_FILE=str(file))
    assert done.returncode == 2
    assert f"error: {file}: line 2, column 9: the file is not TOML" in done.stderr
    assert "`token = …`" in done.stderr
    assert "glrt-hidden" not in done.stderr


@pytest.mark.parametrize(
    ("error", "code", "words"),
    [
        (
            PodlaneError("it happened", hint="do this"),
            1,
            "error: it happened [error]\nhint: do this\n",
        ),
        (ConfigError("a key"), 2, "error: a key [config]\n"),
        (Rejected("no", service="gitlab", status=403), 1, "error: no [rejected]\n"),
        (KeyboardInterrupt(), 130, ""),
        (ExceptionGroup("two", [ConfigError("a"), PodlaneError("b")]), 2, "error: a [config]\n"),
        (ValueError("oops"), 3, "this is a bug in podlane"),
        (ExceptionGroup("two", [ConfigError("a"), ValueError("b")]), 3, "this is a bug"),
    ],
)
def test_errors_become_text_and_codes(
    error: BaseException, code: int, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main.explain(error) == code
    assert words in capsys.readouterr().err


def test_a_reader_that_leaves_is_no_bug(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_text('[[runners]]\nname = "x"\n' * 3000)
    command = f'"{sys.executable}" -m podlane list --config {file} | true; echo ${{PIPESTATUS[0]}}'
    done = subprocess.run(
        ["bash", "-c", command], capture_output=True, text=True, check=True, timeout=30
    )
    assert done.stdout.strip() == "1"
    assert "Traceback" not in done.stderr
