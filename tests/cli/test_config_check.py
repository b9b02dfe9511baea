"""`podlane config check`: what is printed for a file, and which code it ends with."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from harness.command import Podlane
from podlane.cli.findings import summary
from podlane.core.config.check import check
from podlane.core.config.notes import ConfigNote

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


@pytest.mark.parametrize(
    ("runners", "said"),
    [
        ((0,), "1 fault; the cluster would not run the jobs of runner #1"),
        ((0, 1), "2 faults; the cluster would not run the jobs of runners #1 and #2"),
    ],
)
def test_what_a_cluster_lacks_keeps_no_manager_from_starting(
    runners: tuple[int, ...], said: str
) -> None:
    checked = check(TWO + GOOD.replace("glrt-one", "glrt-two"), {})
    notes = [ConfigNote("refused", "kubernetes", "is refused", runner=one) for one in runners]
    found = checked.with_runners(checked.entries, notes)
    assert found.is_fit
    assert summary(found).endswith(said)


def test_a_runner_left_out_is_named_whichever_it_is() -> None:
    docker = GOOD + 'executor = "docker"\n'
    assert summary(check(docker + GOOD, {})).endswith("runner #1 would not run")
