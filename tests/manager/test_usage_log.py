"""The usage log: a line for each job, a new file in time, and a folder that cannot be had."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any, cast

import pytest

from podlane.core.config.model import RunnerConfig
from podlane.core.config.parse import parse
from podlane.core.config.usage import UsageFiles, usage_files
from podlane.core.job.outcome import SUCCESS, FailureReason, Outcome, failed
from podlane.core.job.usage_record import Ended
from podlane.core.plan.context import RunnerContext
from podlane.core.text.token import Token
from podlane.errors import ConfigError
from podlane.manager.runner import Runner
from podlane.manager.usage_log import UsageLog

none = cast(Any, None)
DAY = 24 * 3600.0


def runner() -> Runner:
    settings = RunnerConfig(
        "https://g.test", Token("glrt-abcdefghijkl"), "builder", labels={"team": "a"}
    )
    context = RunnerContext(settings, "i", "s_0123456789ab", "0", {})
    return Runner("key", context, none, none, none, none, none, none)


def ended(outcome: Outcome = SUCCESS, at: float = 1_770_000_090.5) -> Ended:
    url = "https://g.test/g/p/-/jobs/7"
    return Ended("0f0e0d0c-0000-4000-8000-000000000001", url, at - 90.5, at, outcome)


def files(folder: Path, age: float = DAY, backups: int = 14) -> UsageFiles:
    return UsageFiles(str(folder), backups, age, {"cost-centre": "7"})


def lines(folder: Path) -> list[dict[str, Any]]:
    found = (folder / "usage-log.json").read_text().splitlines()
    return [json.loads(line) for line in found]


async def test_a_record_tells_job_runner_and_end(tmp_path: Path) -> None:
    log = UsageLog(tmp_path)
    log.change(files(tmp_path / "usage"))
    await log.ended(runner(), ended())
    await log.ended(runner(), ended(failed(FailureReason.SCRIPT_FAILURE, 3)))
    first, second = lines(tmp_path / "usage")
    assert first == {
        "uuid": "0f0e0d0c-0000-4000-8000-000000000001",
        "timestamp": "2026-02-02T02:41:30.500Z",
        "runner": {"id": "abcdefghi", "name": "builder", "system_id": "s_0123456789ab"},
        "job": {
            "url": "https://g.test/g/p/-/jobs/7",
            "duration_seconds": 90.5,
            "status": "success",
        },
        "labels": {"team": "a", "cost-centre": "7"},
    }
    assert second["job"]["status"] == "failed"
    assert second["job"]["failure_reason"] == "script_failure"


async def test_it_is_off_by_default_and_switched_off_by_a_reload(tmp_path: Path) -> None:
    log = UsageLog(tmp_path)
    await log.ended(runner(), ended())
    log.change(UsageFiles("", 0, DAY, {}))
    await log.ended(runner(), ended())
    log.change(None)
    await log.ended(runner(), ended())
    assert len(lines(tmp_path / "usage-log")) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["usage-log"]


async def test_an_old_file_is_put_aside_and_the_oldest_are_removed(tmp_path: Path) -> None:
    first = {"timestamp": "2020-01-01T00:00:00.000Z"}
    for number in range(4):
        (tmp_path / f"usage-log-2020010{number}T000000.000000Z.json").write_text("{}\n")
    (tmp_path / "usage-log.json").write_text(json.dumps(first) + "\n")
    log = UsageLog(tmp_path)
    log.change(files(tmp_path, backups=2))
    await log.ended(runner(), ended())
    assert [line["job"]["status"] for line in lines(tmp_path)] == ["success"]
    kept = sorted(path.name for path in tmp_path.glob("usage-log-*.json"))
    assert len(kept) == 2
    assert kept[0] == "usage-log-20200103T000000.000000Z.json"
    assert json.loads((tmp_path / kept[1]).read_text()) == first


async def test_a_restart_goes_on_with_a_young_file(tmp_path: Path) -> None:
    for _ in range(2):
        log = UsageLog(tmp_path)
        log.change(files(tmp_path, age=10**10))
        await log.ended(runner(), ended())
    assert len(lines(tmp_path)) == 2
    assert len(list(tmp_path.iterdir())) == 1


async def test_a_folder_that_cannot_be_had_is_said_at_once_and_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "taken").write_text("no folder")
    log = UsageLog(tmp_path)
    log.change(files(tmp_path / "taken" / "usage"))
    for _ in range(3):
        await log.ended(runner(), ended())
    (error,) = [record for record in caplog.records if record.levelname == "ERROR"]
    assert error.getMessage() == "Cannot write the usage log"
    os.remove(tmp_path / "taken")  # noqa: PTH107 - a folder in its place is good
    await log.ended(runner(), ended())
    assert len(lines(tmp_path / "taken" / "usage")) == 1


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("", None),
        ("[experimental.usage_logger]\nenabled = false", None),
        ("[experimental.usage_logger]\nenabled = true", UsageFiles("", 14, DAY, {})),
        ('[experimental.usage_logger]\nenabled = true\nwriters = ["snowplow_billing"]', None),
        (
            '[experimental.usage_logger]\nenabled = true\nlog_dir = "/old"\nmax_backup_files = 3\n'
            'max_rotation_age = "1h"\n[experimental.usage_logger.labels]\nabc = "1"',
            UsageFiles("/old", 3, 3600, {"abc": "1"}),
        ),
        (
            '[experimental.usage_logger]\nenabled = true\nlog_dir = "/old"\nmax_backup_files = 3\n'
            '[experimental.usage_logger.logrotate]\nlog_dir = "/new"\nmax_backup_files = 0\n'
            "max_rotation_age = 3600000000000\n",
            UsageFiles("/new", 0, 3600, {}),
        ),
    ],
)
def test_what_the_config_says(text: str, wanted: UsageFiles | None) -> None:
    config, notes = parse(text, {})
    assert {note.key for note in notes} <= {"experimental.usage_logger.writers"}
    assert usage_files(config.experimental.usage_logger) == wanted


@pytest.mark.parametrize(
    ("table", "words"),
    [
        ('writers = ["logrotat"]', "line 2: `experimental.usage_logger.writers[0]` must be one of"),
        ("max_backup_files = -1", "max_backup_files` must be 0 or more"),
        ("logrotate = { max_rotation_age = 'x' }", "logrotate.max_rotation_age` is no duration"),
        ("labels = { ab = 'x' }", "usage_logger.labels.ab` is no label"),
    ],
)
def test_what_cannot_be_meant_is_refused(table: str, words: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse(f"[experimental.usage_logger]\n{table}\n", {})
    assert words in caught.value.message


def test_gitlabs_own_billing_has_no_effect_and_says_why() -> None:
    _, notes = parse('[experimental.usage_logger.snowplow_billing]\ncollector_uri = "x"\n', {})
    assert [(note.kind, note.line) for note in notes] == [("moot", 1)]
    assert "GitLab's own billing" in notes[0].message
