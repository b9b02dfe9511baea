"""`podlane config check`: all that is wrong with a config.toml, in one run and in file order."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

import click

from podlane.cli import findings
from podlane.cli.command import Command
from podlane.cli.options import config_option
from podlane.core.config.check import Checked
from podlane.core.config.lines import key_lines
from podlane.core.config.model import RunnerConfig
from podlane.core.pod.manifests import Manifests
from podlane.errors import ConfigError
from podlane.manager.config_file import check_text, find_config_file, read_text

_HELP = """Tell all that is wrong with the config.toml FILE, in file order.

FILE is the one that `podlane run` would use where none is named; `-` is standard input. The exit
code is 1 when there are faults, and 0 when there are only warnings and notes.

--against asks a cluster as well, by dry runs that change nothing: `.` is the cluster that each
runner's own settings lead to from here, anything else a context of the kubeconfig."""


@click.command(cls=Command, examples=["podlane config check config.toml --against ."], help=_HELP)
@click.argument("file", required=False)
@config_option
@click.option("--against", "cluster", metavar="CLUSTER", help="Try a plain job's objects there.")
@click.option("--strict", is_flag=True, help="Exit with 1 for warnings and notes as well.")
@click.option("--json", "as_json", is_flag=True, help="Print a JSON object.")
def command(
    file: str | None, config: str | None, cluster: str | None, *, strict: bool, as_json: bool
) -> int:
    name, folder, text = _read(file or config)
    checked = check_text(text, folder, os.environ)
    if cluster:
        checked = asyncio.run(_against(cluster, checked, text))
    if as_json:
        click.echo(findings.as_json(name, checked))
    else:
        findings.show(name, checked)
    is_clean = not strict or all(note.kind == "unsure" for note in checked.notes)
    has_faults = any(findings.level_of(note) == "fault" for note in checked.notes)
    return int(has_faults or not checked.is_fit or not is_clean)


async def _against(cluster: str, checked: Checked, text: str) -> Checked:
    from podlane.cli.config.sample import plain_job
    from podlane.cli.rehearse import context, rehearse
    from podlane.manager.dry_run import Trial

    def build(runner: RunnerConfig) -> Manifests:
        return rehearse(plain_job(runner.kubernetes), context(runner)).manifests

    return await Trial(cluster, build, os.environ).run(checked, key_lines(text))


def _read(file: str | None) -> tuple[str, Path, str]:
    """The file's name for people, the folder that its paths count from, and its text."""
    if file == "-":
        return "standard input", Path.cwd(), _standard_input()
    path = find_config_file(file, os.environ)
    return file or str(path), path.parent, read_text(path)


def _standard_input() -> str:
    try:
        return sys.stdin.buffer.read().decode()
    except UnicodeDecodeError:
        raise ConfigError(
            "standard input is not UTF-8 text", reference="config-unreadable"
        ) from None
