"""`podlane config check`: all that is wrong with a config.toml, in one run and in file order."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import click

from podlane.cli import findings
from podlane.cli.options import config_option
from podlane.core.config.check import Checked
from podlane.errors import ConfigError
from podlane.manager.config_file import check_text, find_config_file, read_text

_HELP = """Tell all that is wrong with the config.toml FILE, in file order.

FILE is the one that `podlane run` would use where none is named; `-` is standard input. The exit
code is 1 when there are faults, and 0 when there are only warnings and notes."""


@click.command(help=_HELP)
@click.argument("file", required=False)
@config_option
@click.option("--strict", is_flag=True, help="Exit with 1 for warnings and notes as well.")
@click.option("--json", "as_json", is_flag=True, help="Print a JSON object.")
def command(file: str | None, config: str | None, *, strict: bool, as_json: bool) -> int:
    name, checked = _check(file or config)
    if as_json:
        click.echo(findings.as_json(name, checked))
    else:
        findings.show(name, checked)
    return int(bool(checked.faults or not checked.is_fit or (strict and checked.notes)))


def _check(file: str | None) -> tuple[str, Checked]:
    if file == "-":
        return "standard input", check_text(_standard_input(), Path.cwd(), os.environ)
    path = find_config_file(file, os.environ)
    return file or str(path), check_text(read_text(path), path.parent, os.environ)


def _standard_input() -> str:
    try:
        return sys.stdin.buffer.read().decode()
    except UnicodeDecodeError:
        raise ConfigError(
            "standard input is not UTF-8 text", reference="config-unreadable"
        ) from None
