"""`podlane plan`: what podlane would do and create for a job, printed and not done."""

from __future__ import annotations

import os
from pathlib import Path

import click

from podlane.cli.command import Command
from podlane.cli.complete import runner_names
from podlane.cli.options import config_option, read_bytes
from podlane.cli.readable import print_documents
from podlane.cli.rehearse import context, rehearse
from podlane.core.config.model import Config, RunnerConfig
from podlane.core.job.payload import parse_job
from podlane.errors import ConfigError
from podlane.manager.config_file import find_config_file, read_config


@click.command(
    cls=Command,
    examples=["podlane plan job.json --config config.toml"],
    help="Print what podlane would do and create for the job in the file JOB (JSON).",
)
@click.argument("job", type=click.Path(path_type=Path))
@config_option
@click.option(
    "-r",
    "--runner",
    "name",
    default="",
    metavar="NAME",
    shell_complete=runner_names,
    help="The runner of this name.",
)
@click.option(
    "--ca-file",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Certificates for GitLab (PEM).",
)
def command(job: Path, config: str | None, name: str, ca_file: Path | None) -> None:
    file = find_config_file(config, os.environ)
    settings = read_config(file, os.environ).config
    certificates = read_bytes(ca_file).decode() if ca_file else ""
    made = rehearse(
        parse_job(read_bytes(job)), context(_runner(settings, name, file), certificates)
    )
    print_documents(made.documents().values())


def _runner(config: Config, name: str, file: Path) -> RunnerConfig:
    found = [runner for runner in config.runners if not name or runner.name == name]
    if len(found) == 1:
        return found[0]
    names = ", ".join(repr(runner.name) for runner in config.runners) or "none"
    what = f"{file} has {len(found)} runners" + (f" of the name {name!r}" if name else "")
    raise ConfigError(f"{what}; it has: {names}", hint="name one by `--runner`")
