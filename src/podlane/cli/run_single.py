"""`podlane run-single`: one runner by its flags, one job at a time, no config.toml needed."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import click

from podlane.cli.command import Command
from podlane.cli.complete import runner_names
from podlane.cli.moot_flags import say_moot
from podlane.cli.options import log_options
from podlane.cli.run import loop_runner, serve
from podlane.cli.runner_flags import dashes, identity_options, setting_options, settings
from podlane.core.config.connection import normal_url
from podlane.core.config.model import Config
from podlane.core.config.template import fill
from podlane.core.config.toml import read_toml
from podlane.core.pod.names import runner_key
from podlane.errors import ConfigError
from podlane.manager import logs
from podlane.manager.config_file import (
    check_text,
    find_config_file,
    in_file,
    new_config_file,
    read_text,
    unless_unfit,
)
from podlane.manager.environment import ENVIRONMENT

_HELP = """Run one runner, one job after the other, until --max-builds jobs are done or none has
come for --wait-timeout seconds. Its settings are those of the flags; with --config and --runner,
those of that runner where the flags say nothing."""


@click.command(
    cls=Command,
    examples=["podlane run-single -u https://gitlab.example.com -t glrt-… --max-builds 1"],
    help=_HELP,
    context_settings={"token_normalize_func": dashes},
)
@click.option(
    "-c",
    "--config",
    default="",
    envvar="CONFIG_FILE",
    type=click.Path(),
    metavar="FILE",
    is_eager=True,
    help="Take a runner of this config.toml.",
)
@click.option(
    "-r",
    "--runner",
    default="",
    metavar="NAME",
    shell_complete=runner_names,
    help="Which one, where the file has several.",
)
@click.option(
    "--max-builds",
    type=click.IntRange(0),
    default=0,
    metavar="NUMBER",
    help="Leave after so many jobs; 0: never.",
)
@click.option(
    "--wait-timeout",
    type=click.IntRange(0),
    default=0,
    metavar="SECONDS",
    help="Leave when no job has come for so long; 0: never.",
)
@identity_options
@setting_options
@log_options
def command(config: str, runner: str, max_builds: int, wait_timeout: int, **options: Any) -> None:
    from podlane.manager.single import Until

    say_moot(options)
    given = {key: options[key] for key in ("url", "token", "name", "executor") if options[key]}
    file, whole = _file(config, runner)
    base = whole.pop("runners", [{}])[0]
    table = {"executor": "kubernetes"} | fill(given | settings(options), base)
    if not table.get("url") or not table.get("token"):
        raise ConfigError(
            "run-single needs --url and --token, or --config with a runner that has them",
            hint="CI_SERVER_URL and CI_SERVER_TOKEN may hold them",
            reference="usage",
        )
    parsed = _parsed(file, whole | {"concurrent": 1, "runners": [table]})
    (only,) = parsed.runners
    # beside the file, for its certificates and system id; no file is there to be read again
    place = file.with_name(f"run-single-{runner_key(only.url, only.token)}.toml")
    until = Until(max_builds, wait_timeout)
    loop_runner()(serve(place, parsed, (), _leave_log, until))


def _leave_log(_: Config) -> None:
    """The log is as the command line says."""


def _file(config: str, name: str) -> tuple[Path, dict[str, Any]]:
    """Return the path and what the file says, with the one runner; without --config nothing."""
    if not config:
        if name:
            raise ConfigError("--runner needs --config", reference="usage")
        return new_config_file(None, os.environ), {}
    path = find_config_file(config, os.environ)
    try:
        whole = read_toml(read_text(path))
    except ConfigError as error:
        raise in_file(path, error) from None
    entries = [one for one in whole.get("runners", []) if not name or one.get("name") == name]
    if len(entries) != 1:
        raise ConfigError(
            f"{path} has {len(entries)} runners" + (f" named {name!r}" if name else ""),
            hint="--runner names the one; `podlane list` shows them",
            reference="no-runner",
        )
    return path, whole | {"runners": entries}


def _parsed(file: Path, whole: dict[str, Any]) -> Config:
    import tomlkit

    runner = whole["runners"][0]
    runner["url"] = normal_url(runner["url"])
    checked = unless_unfit(file, check_text(tomlkit.dumps(whole), file.parent, ENVIRONMENT))
    logs.say_notes(checked.notes)
    return checked.config
