"""`podlane list`: the runners of config.toml, whatever their executor."""

from __future__ import annotations

import json
import logging

import click

from podlane.cli.command import Command
from podlane.cli.options import config_option, log_options, open_config
from podlane.core.config.entries import Entry
from podlane.core.text.token import short_token

log = logging.getLogger(__name__)


@click.command(
    cls=Command,
    examples=["podlane list --config config.toml"],
    help="List the runners of config.toml.",
)
@config_option
@click.option("--show-tokens", is_flag=True, help="Print the tokens whole.")
@click.option("--json", "as_json", is_flag=True, help="Print a JSON array.")
@log_options
def command(config: str | None, *, show_tokens: bool, as_json: bool) -> None:
    opened = open_config(config)
    log.info("Listing configured runners", extra={"fields": {"ConfigFile": str(opened.path)}})
    rows = [_row(entry, show_tokens=show_tokens) for entry in opened.entries]
    if as_json:
        click.echo(json.dumps(rows, indent=2))
        return
    for row in rows:
        fields = f"Executor={row['executor']} Token={row['token']} URL={row['url']}"
        click.echo(f"{row['name']!s:<50} {fields}")


def _row(entry: Entry, *, show_tokens: bool) -> dict[str, str | int]:
    runner = entry.runner
    token = runner.token.reveal() if show_tokens else short_token(runner.token)
    return {
        "name": runner.name,
        "id": runner.id,
        "executor": runner.executor,
        "token": token,
        "url": runner.url,
    }
