"""`podlane config`: commands about config.toml as such. Each is imported when it is asked for."""

from __future__ import annotations

import click

from podlane.cli.group import Group

COMMANDS = {
    "check": "Tell all that is wrong with a config.toml.",
    "lint": "The same, under its old name.",
    "diff": "Show what changes for jobs and the manager between two files.",
    "explain": "Tell what a key does, its default, and which variable of a job overwrites it.",
}


@click.group(
    cls=Group,
    table=COMMANDS,
    package="podlane.cli.config",
    modules={"lint": "check"},
    help="Check, explain and compare config.toml.",
)
def command() -> None:
    pass
