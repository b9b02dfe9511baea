"""`podlane plan` as a process: what is printed, what is hidden, which code it ends with."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import yaml

GOLDEN = Path(__file__).parents[1] / "golden"


def _plan(case: str, *more: str) -> subprocess.CompletedProcess[str]:
    folder = GOLDEN / case
    files = [str(folder / "job.json"), "--config", str(folder / "config.toml")]
    return subprocess.run(
        [sys.executable, "-m", "podlane", "plan", *files, *more],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


def test_prints_plan_and_objects_without_secrets() -> None:
    done = _plan("services")
    assert done.returncode == 0, done.stderr
    documents = list(yaml.safe_load_all(done.stdout))
    kinds = [document.get("kind", "plan") for document in documents]
    assert kinds == ["plan", "Secret", "Secret", "Secret", "Pod"]
    assert "s3cr3t-value" not in done.stdout
    assert "glcbt-64_aaaa" not in done.stdout


def test_a_refusal_is_said_with_its_hint() -> None:
    done = _plan("no-image-at-all")
    assert done.returncode == 1
    assert "The job names no image" in done.stderr
    assert "hint: " in done.stderr
    assert done.stdout == ""


@pytest.mark.parametrize("more", [("--runner", "nobody")])
def test_an_unknown_runner_is_a_configuration_error(more: tuple[str, ...]) -> None:
    done = _plan("plain", *more)
    assert done.returncode == 2
    assert "'golden'" in done.stderr


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    config = str(GOLDEN / "plain" / "config.toml")
    done = subprocess.run(
        [sys.executable, "-m", "podlane", "plan", str(tmp_path / "job.json"), "-c", config],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert done.returncode == 1
    assert "cannot read" in done.stderr
