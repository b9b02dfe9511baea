"""What `register` would make of a manager's variables and of the flags in its start-up script."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import click

from podlane.cli.runner_flags import FLAGS, Flag, dashes, setting_options, settings
from podlane.core.text.token import Token
from podlane.errors import ConfigError


@click.command(
    context_settings={
        "token_normalize_func": dashes,
        "ignore_unknown_options": True,
        "allow_extra_args": True,
    }
)
@click.option("--name", "--description", default="")
@setting_options
def _register() -> None:
    """Only parsed, never run."""


def registered(variables: Mapping[str, Token], words: Sequence[str]) -> dict[str, Any]:
    """The part of the runner's table that they set; flags come before variables."""
    given = [word for flag in FLAGS for word in _as_words(flag, variables)]
    if name := variables.get("RUNNER_NAME"):
        given.insert(0, f"--name={name.reveal()}")
    try:
        ctx = _register.make_context("register", [*given, *words])
    except click.ClickException as error:
        raise ConfigError(
            f"the start-up script's `register` cannot be read: {error.format_message()}",
            hint="give the config.toml that its pod runs with by --config",
            reference="migrate-config",
        ) from None
    found = settings(ctx.params)
    return found | ({"name": ctx.params["name"]} if ctx.params["name"] else {})


def _as_words(flag: Flag, variables: Mapping[str, Token]) -> list[str]:
    """A list in a variable is separated by commas."""
    text = variables.get(flag.environment, Token("")).reveal()
    if not text:
        return []
    is_list = flag.kind in ("list", "map", "bools")
    return [f"{flag.option}={one}" for one in (text.split(",") if is_list else [text])]
