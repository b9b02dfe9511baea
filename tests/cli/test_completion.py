"""Completion, asked as a shell asks."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

PODLANE = (sys.executable, "-m", "podlane")
CONFIG = '[[runners]]\nname = "first"\n[[runners]]\nname = "fast"\n[[runners]]\nname = "other"\n'


def offered(line: str, **environ: str) -> list[str]:
    """What bash would offer for the last word of the line."""
    words = line.split(" ")
    told = {
        "_PODLANE_COMPLETE": "bash_complete",
        "COMP_WORDS": line,
        "COMP_CWORD": str(len(words) - 1),
        **environ,
    }
    done = subprocess.run(
        [sys.executable, "-c", "from podlane.cli.main import main; main()"],
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
        env={**os.environ, **told},
    )
    assert "Traceback" not in done.stderr
    return done.stdout.split()


def test_commands_and_options() -> None:
    assert offered("podlane ver") == ["plain,verify"]
    assert offered("podlane deploy up") == ["plain,upgrade"]
    assert offered("podlane deploy secret ") == ["plain,add"]
    assert "plain,--kubernetes-cpu-limit" in offered("podlane register --kubernetes-cpu-l")
    assert "plain,helper" not in offered("podlane ")


def test_no_command_is_imported_to_complete_its_name() -> None:
    code = (
        "import os, sys\n"
        "from podlane.cli import main\n"
        "try: main.run([])\n"
        "except SystemExit: pass\n"
        "print([m for m in sys.modules if m in ('podlane.cli.register', 'aiohttp', 'asyncio')])"
    )
    told = {"_PODLANE_COMPLETE": "bash_complete", "COMP_WORDS": "podlane re", "COMP_CWORD": "1"}
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        timeout=30,
        env={**os.environ, **told},
    )
    assert done.stdout.split("\n")[:-1] == ["plain,register", "plain,reset-token", "[]"]


def test_values(tmp_path: Path) -> None:
    config = tmp_path / "config.toml"
    config.write_text(CONFIG)
    runners = offered("podlane verify --name f", CONFIG_FILE=str(config))
    assert runners == ["plain,first", "plain,fast"]
    assert offered(f"podlane plan -c {config} -r o", CONFIG_FILE="") == ["plain,other"]
    assert offered("podlane verify --name f", CONFIG_FILE="/nonexistent") == []
    kubeconfig = tmp_path / "kubeconfig"
    kubeconfig.write_text("contexts: [{name: one}, {name: two}]\n")
    assert offered("podlane deploy apply --context t", KUBECONFIG=str(kubeconfig)) == ["plain,two"]
    kubeconfig.write_text("contexts: [\n")
    assert offered("podlane deploy apply --context t", KUBECONFIG=str(kubeconfig)) == []
    assert [one.split(",")[0] for one in offered("podlane verify --config x")] == ["file"]
    assert offered("podlane list --log-level wa") == ["plain,warning"]


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_script_is_one_of_that_shell(shell: str, tmp_path: Path) -> None:
    done = subprocess.run(
        [*PODLANE, "completion", shell], capture_output=True, text=True, check=True, timeout=30
    )
    assert f"_PODLANE_COMPLETE={shell}_complete" in done.stdout
    script = tmp_path / "script"
    script.write_text(done.stdout)
    if shutil.which(shell):
        subprocess.run([shell, "-n", str(script)], check=True, timeout=30)


def test_bash_itself_completes(tmp_path: Path) -> None:
    """The script in a real bash, with podlane on its path."""
    program = tmp_path / "podlane"
    program.write_text(f'#!/bin/sh\nexec {sys.executable} -m podlane "$@"\n')
    program.chmod(0o755)
    script = (
        "source <(podlane completion bash)\n"
        "COMP_WORDS=(podlane unreg) COMP_CWORD=1\n"
        "_podlane_completion podlane\n"
        'printf "%s\\n" "${COMPREPLY[@]}"'
    )
    path = f"{tmp_path}:{os.environ['PATH']}"
    done = subprocess.run(
        ["bash", "-c", script],
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
        env={**os.environ, "PATH": path},
    )
    assert done.stdout.split() == ["unregister"], done.stderr
