"""config.toml as text → Config and notes.

Refused (ConfigError, naming key and line): text that is no TOML, a value of a wrong type, an
unset `$VARIABLE` in `url` or `token`, `concurrent = 0`, a file whose every runner is for another
executor. Everything else that cannot be honoured becomes a note, never a refusal: real files
hold many keys.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from podlane.core.config import feature_flags as flags
from podlane.core.config.cache_notes import remarks
from podlane.core.config.connection import connection
from podlane.core.config.lines import Path, find_line, key_lines
from podlane.core.config.model import Config, RunnerConfig
from podlane.core.config.notes import ConfigNote
from podlane.core.config.recognise import Found, Place, recognise
from podlane.core.config.toml import read_toml, runner_tables
from podlane.core.config.values import check_values, convert
from podlane.errors import ConfigError

EXECUTORS = ("kubernetes",)


def parse(text: str, environ: Mapping[str, str]) -> tuple[Config, tuple[ConfigNote, ...]]:
    """Read config.toml; `environ` fills `$VARIABLES` in `url` and `token`."""
    raw = read_toml(text)
    lines = key_lines(text)
    tables = runner_tables(raw, lines)
    top, found = recognise({**raw, "runners": []}, Config, Place())
    config = convert(top, Config, Place(), lines)
    check_values(config, Place(), lines)
    runners: list[RunnerConfig] = []
    for index, table in enumerate(tables):
        place = Place("runners", ("runners", index), owner(index, table))
        if skipped := _other_executor(table, place):
            found.append(skipped)
            continue
        runner, more = _runner(table, place, lines, environ)
        runners.append(runner)
        found += more
    notes = tuple(_with_line(one, lines) for one in found)
    if tables and not runners:
        raise _nothing_to_run(notes)
    return msgspec.structs.replace(config, runners=tuple(runners)), notes


def owner(index: int, table: Mapping[str, Any]) -> str:
    """Name a runner entry for people: by its place in the file and its name."""
    name = table.get("name")
    return f'[[runners]] #{index + 1} "{name}"' if name else f"[[runners]] #{index + 1}"


def _runner(
    table: dict[str, Any], place: Place, lines: dict[Path, int], environ: Mapping[str, str]
) -> tuple[RunnerConfig, list[Found]]:
    honoured, found = recognise(table, RunnerConfig, place)
    honoured, more = flags.sifted(honoured, place)
    found += more
    values = honoured | connection(honoured, place, lines, environ)
    kubernetes = values.get("kubernetes")
    if isinstance(kubernetes, dict) and isinstance(kubernetes.get("pull_policy"), str):
        policy = kubernetes["pull_policy"]
        values["kubernetes"] = kubernetes | {"pull_policy": [policy] if policy else []}
    runner = convert(values, RunnerConfig, place, lines)
    check_values(runner, place, lines)
    return runner, [*found, *remarks(runner.cache, place.inside("cache"))]


def _other_executor(table: Mapping[str, Any], place: Place) -> Found | None:
    executor = table.get("executor", EXECUTORS[0])
    if executor in EXECUTORS or not isinstance(executor, str):
        return None
    message = (
        f'`{place.key("executor")}` is "{executor}", which podlane does not run;'
        f" it runs: {', '.join(EXECUTORS)}; this runner takes no jobs"
    )
    return Found(ConfigNote("skipped", place.key("executor"), message), (*place.path, "executor"))


def _with_line(found: Found, lines: dict[Path, int]) -> ConfigNote:
    return msgspec.structs.replace(found.note, line=find_line(lines, found.path))


def _nothing_to_run(notes: tuple[ConfigNote, ...]) -> ConfigError:
    reasons = [note.text for note in notes if note.kind == "skipped"]
    return ConfigError(
        "no runner in this file can take jobs: " + "; ".join(reasons),
        hint='set `executor = "kubernetes"`, or run the other executors with gitlab-runner',
        reference="config-executor",
    )
