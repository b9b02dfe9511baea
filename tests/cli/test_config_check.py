"""`podlane config check`: what is printed for a file, and which code it ends with."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from harness.command import Podlane

FOLDER = Path(__file__).parent / "check"
CASES = sorted(path.stem for path in FOLDER.glob("*.toml"))
GOOD = '[[runners]]\nname = "one"\nurl = "https://g.example"\ntoken = "glrt-one"\n'
TWO = "concurrent = 2\n" + GOOD


@pytest.mark.parametrize("case", CASES)
def test_what_is_printed(case: str, podlane: Podlane, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(FOLDER)
    done = podlane("config", "check", f"{case}.toml")
    assert done.out == (FOLDER / f"{case}.txt").read_text()
    text = (FOLDER / f"{case}.toml").read_text()
    secrets = [*re.findall('token = "([^"$]+)"', text), "never-shown"]
    assert len(secrets) > 1
    assert not [secret for secret in secrets if secret in done.out + done.err]


def test_codes(podlane: Podlane, config: Path) -> None:
    config.write_text(GOOD)
    assert podlane("lint", "--config", str(config)).code == 0
    config.write_text(GOOD + "imag = 3\n")
    assert podlane("config", "lint", CONFIG_FILE=str(config)).code == 0
    assert podlane("config", "check", str(config), "--strict").code == 1
    config.write_text(GOOD + "limit = -1\n")
    assert podlane("config", "check", str(config)).code == 1
    assert podlane("config", "check", str(config) + "x").code == 2


def test_standard_input_and_json(podlane: Podlane) -> None:
    done = podlane("config", "check", "-", "--json", typed=TWO + "limit = 'x'\n" + GOOD)
    told = json.loads(done.out)
    assert done.code == 1
    assert told["would_run"] is False
    limit, token = told["findings"]
    assert (limit["line"], limit["level"], limit["runner"]) == (6, "fault", 1)
    assert limit["key"] == '[[runners]] #1 "one" limit'
    assert limit["message"].endswith("must be a whole number, and is a text in quotes")
    assert limit["hint"] == "write the value without quotes"
    assert (token["line"], token["runner"]) == (10, 2)
