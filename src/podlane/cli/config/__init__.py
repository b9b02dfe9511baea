"""`podlane config`: commands about config.toml as such. Each is imported when it is asked for."""

from __future__ import annotations

import importlib

import click

COMMANDS = {
    "check": "Tell all that is wrong with a config.toml.",
    "lint": "The same, under its old name.",
    "diff": "Show what changes for jobs and the manager between two files.",
    "explain": "Tell what a key does, its default, and which variable of a job overwrites it.",
}
_MODULES = {"lint": "check"}


class Table(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module = _MODULES.get(cmd_name, cmd_name)
        found = importlib.import_module(f"podlane.cli.config.{module}").command
        assert isinstance(found, click.Command)
        return found

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.group(cls=Table, help="Check, explain and compare config.toml.")
def command() -> None:
    pass
