"""What a check of config.toml found, printed for people and for programs."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from typing import Any

import click

from podlane.core.config.check import Checked
from podlane.core.config.notes import ConfigNote

_LEVELS = {
    "fault": "fault",
    "refused": "fault",
    "skipped": "note",
    "moot": "note",
    "unsure": "note",
}
_COLOURS = {"fault": "red", "warning": "yellow", "note": "cyan"}


def show(file: str, checked: Checked) -> None:
    """Print a line for each finding, what to do below it, and a summary."""
    for note in checked.notes:
        level = level_of(note)
        where = f"{file}:{note.line}" if note.line else file
        key = f"{note.key}: " if note.key else ""
        click.echo(
            f"{where}: {click.style(level, fg=_COLOURS[level])}: {key}{' '.join(note.what.split())}"
        )
        if note.hint:
            click.echo(f"    hint: {note.hint}")
    click.echo(f"{file}: {summary(checked)}")


def as_json(file: str, checked: Checked) -> str:
    findings = [
        {
            "line": note.line,
            "level": level_of(note),
            "kind": note.kind,
            "runner": None if note.runner is None else note.runner + 1,
            "key": note.key,
            "message": note.message,
            "hint": note.hint,
        }
        for note in checked.notes
    ]
    whole: dict[str, Any] = {"file": file, "would_run": checked.is_fit, "findings": findings}
    return json.dumps(whole, indent=2, ensure_ascii=False)


def level_of(note: ConfigNote) -> str:
    """`fault`: it does not run, or not in the cluster that was asked; `warning`: it may not do what
    is expected; `note`: good to know."""
    return _LEVELS.get(note.kind, "warning")


def summary(checked: Checked) -> str:
    """One line: how much was found, and what of the file would run."""
    counts = Counter(level_of(note) for note in checked.notes)
    found = [_several(counts[level], level) for level in _COLOURS if counts[level]]
    return f"{', '.join(found) or 'nothing to say'}; {_what_runs(checked)}"


def _what_runs(checked: Checked) -> str:
    if not checked.is_fit:
        return "podlane would not start with this file"
    lost = {entry.index for entry in checked.left_out} | _numbers(checked, "skipped")
    refused = _numbers(checked, "refused")
    said = [f"{_runners(lost)} would not run"] if lost else []
    if refused:
        said.append(f"the cluster would not run the jobs of {_runners(refused)}")
    if said:
        return "; ".join(said)
    runs = len(checked.entries)
    return "the file has no runners" if not runs else f"{_several(runs, 'runner')} would run"


def _numbers(checked: Checked, kind: str) -> set[int]:
    """The positions of the runners that have such a note."""
    return {one.runner for one in checked.notes if one.kind == kind and one.runner is not None}


def _runners(positions: set[int]) -> str:
    word = "runner" if len(positions) == 1 else "runners"
    return f"{word} {_and([f'#{position + 1}' for position in sorted(positions)])}"


def _several(count: int, word: str) -> str:
    return f"{count} {word}" if count == 1 else f"{count} {word}s"


def _and(words: Sequence[str]) -> str:
    *most, last = words
    return f"{', '.join(most)} and {last}" if most else last
