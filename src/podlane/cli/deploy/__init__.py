"""`podlane deploy`: from config.toml to a running manager. Each command is imported when asked."""

from __future__ import annotations

import importlib

import click

COMMANDS = {
    "render": "Print the objects as YAML.",
    "diff": "Show what `apply` would change.",
    "apply": "Put them into the cluster and wait until the manager is ready.",
    "upgrade": "Change a deployment that is there: a new config, a new image.",
    "status": "Tell how a deployment is.",
    "uninstall": "Take all of it away, once the running jobs have ended.",
    "secret": "Keep the jobs' credentials: a Secret, and its mount in config.toml.",
}


class Table(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        found = importlib.import_module(f"podlane.cli.deploy.{cmd_name}").command
        assert isinstance(found, click.Command)
        return found

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.group(cls=Table, help="Run podlane in a cluster: objects from config.toml, and their care.")
def command() -> None:
    pass
