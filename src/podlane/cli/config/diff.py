"""`podlane config diff A B`: what changes for jobs and for the manager between two config files."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import msgspec

from podlane.cli.command import Command
from podlane.cli.config.pairs import Pair, pairs
from podlane.cli.config.sample import sample_job
from podlane.cli.rehearse import context, rehearse
from podlane.core.config.check import Checked
from podlane.core.config.model import Config, RunnerConfig
from podlane.core.job.payload import Job, parse_job
from podlane.core.text.compare import compare, render
from podlane.core.text.token import Token
from podlane.errors import ConfigError, JobRefused
from podlane.manager.config_file import read_config
from podlane.manager.effects import effects

_HELP = """Show what changes in jobs' pods and plans, and for the manager, from file A to file B.

Runners are matched by GitLab and token, else by name, else by their place in the file. The exit
code is 0 when nothing changes and 1 when something does; secrets are shown as ***."""

_OF_THE_MANAGER = ("the manager", "the shared cache")
_REFUSED = "the job"
_NUMBER = re.compile(r'"?\*\*\*\d+\*\*\*"?')
_ANOTHER = re.compile(rf"{_NUMBER.pattern} → {_NUMBER.pattern}")


@click.command(cls=Command, examples=["podlane config diff old.toml new.toml"], help=_HELP)
@click.argument("old", metavar="A", type=click.Path(path_type=Path))
@click.argument("new", metavar="B", type=click.Path(path_type=Path))
@click.option(
    "--job",
    "job_file",
    type=click.Path(path_type=Path),
    help="A job (JSON), as for `podlane plan`. Else a sample that has a little of everything.",
)
def command(old: Path, new: Path, job_file: Path | None) -> int:
    job = _job(job_file)
    before, after = (read_config(path.absolute(), os.environ) for path in (old, new))
    lines = list(_left_out(old, before)) + list(_left_out(new, after))
    for line in lines:
        click.echo(line, err=True)
    found = 0
    for pair in pairs(before.config.runners, after.config.runners):
        parts = list(_of_pair(pair, (before.config, after.config), (old, new), job))
        found += sum(bool(changes) for _, changes in parts)
        _show(pair, (old, new), parts)
    return int(found > 0)


def _of_pair(
    pair: Pair, configs: tuple[Config, Config], files: tuple[Path, Path], job: Job
) -> Iterator[tuple[str, list[str]]]:
    """What changes for one runner: a title, and lines that begin with what happened."""
    if pair.old is None or pair.new is None:
        only = files[0] if pair.new is None else files[1]
        yield f"is only in {only}", ["!"]
        return
    old, new = (
        _outcome(config, runner, file.absolute().parent, job)
        for config, runner, file in zip(configs, (pair.old, pair.new), files, strict=True)
    )
    plain = _Plain()
    if _REFUSED in old or _REFUSED in new:  # then there are no objects to compare
        old, new = (
            {t: one[t] for t in (*_OF_THE_MANAGER, _REFUSED) if t in one} for one in (old, new)
        )
    for title in [*old, *(title for title in new if title not in old)]:
        changes = compare(plain(old.get(title, {})), plain(new.get(title, {})))
        yield title, [_named(line) for change in changes for line in render(change)]


def _outcome(config: Config, runner: RunnerConfig, folder: Path, job: Job) -> dict[str, Any]:
    made: dict[str, Any]
    try:
        made = dict(rehearse(job, context(runner), now=0).documents())
    except JobRefused as refusal:
        made = {_REFUSED: {"refused": f"{refusal} (hint: {refusal.hint})"}}
    manager = effects(config, runner, folder)
    return dict(zip(_OF_THE_MANAGER, (manager, runner.cache), strict=True)) | made


class _Plain:
    """Makes plain data, and of each secret a number: another secret is another number."""

    def __init__(self) -> None:
        self._numbers: dict[Token, str] = {}

    def __call__(self, value: Any) -> Any:
        return msgspec.to_builtins(value, enc_hook=self._number, str_keys=True)

    def _number(self, secret: Any) -> str:
        if not isinstance(secret, Token):
            raise NotImplementedError(type(secret).__name__)
        return self._numbers.setdefault(secret, f"***{len(self._numbers)}***") if secret else ""


def _named(line: str) -> str:
    """Show no number, but that a secret is another one."""
    return _NUMBER.sub("***", _ANOTHER.sub("*** → *** (another one)", line))


def _show(pair: Pair, files: tuple[Path, Path], parts: list[tuple[str, list[str]]]) -> None:
    if pair.old is None or pair.new is None:
        click.echo(f"{pair.label} {parts[0][0]}")
        return
    click.echo(f"{pair.label}" + ("" if any(lines for _, lines in parts) else ": no difference"))
    for title, lines in parts:
        if lines:
            click.echo(f"  {title}")
        for line in lines:
            click.echo(f"    {line}")
    changed = {title for title, lines in parts if lines}
    if changed and not changed & _made_for_jobs(parts):
        click.echo("  no difference in the plan and the manifests of a job")


def _made_for_jobs(parts: list[tuple[str, list[str]]]) -> set[str]:
    return {title for title, _ in parts} - set(_OF_THE_MANAGER)


def _left_out(path: Path, checked: Checked) -> Iterator[str]:
    for entry in checked.left_out:
        yield f"{path}: {entry.owner} has faults and is not compared"
    if checked.left_out:
        yield f"hint: `podlane config check {path}` tells them"


def _job(path: Path | None) -> Job:
    if path is None:
        return sample_job()
    try:
        return parse_job(path.read_bytes())
    except OSError as error:
        raise ConfigError(f"cannot read {path}: {error.strerror}", reference="file") from error
