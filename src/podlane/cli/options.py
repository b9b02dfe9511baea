"""Options that several commands take, and the runners they choose."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, TypeVar

import click
import msgspec

from podlane.cli.complete import runner_names, words
from podlane.core.config.edit import remove_runners
from podlane.core.config.entries import Entry, choose, read_entries
from podlane.core.text.duration import parse_duration
from podlane.errors import ConfigError, PodlaneError
from podlane.manager import logs
from podlane.manager.config_file import change_text, find_config_file, in_file, read_text

F = TypeVar("F", bound=Callable[..., Any])


def _start_logs(ctx: click.Context, param: click.Parameter, value: str | None) -> None:
    """Both options come here; the log is set up with what is known so far."""
    chosen = ctx.meta.setdefault("podlane.log", {})
    chosen[param.name] = value or ""
    logs.set_up(chosen.get("log_level", ""), chosen.get("log_format", ""))


def log_options(command: F) -> F:
    """Take `--log-level` and `--log-format` after the command's name as well."""
    level = click.option(
        "-l",
        "--log-level",
        envvar="LOG_LEVEL",
        expose_value=False,
        callback=_start_logs,
        metavar="LEVEL",
        shell_complete=words("debug", "info", "warning", "error"),
        help="debug, info, warning, error.",
    )
    form = click.option(
        "--log-format",
        envvar="LOG_FORMAT",
        expose_value=False,
        callback=_start_logs,
        metavar="FORMAT",
        shell_complete=words("runner", "text", "json"),
        help="runner, text or json.",
    )
    return level(form(command))


def config_option(command: F) -> F:
    return click.option(
        "-c",
        "--config",
        "config",
        envvar="CONFIG_FILE",
        type=click.Path(),
        metavar="FILE",
        is_eager=True,  # known when the names of its runners are to be completed
        help="The config.toml; else $CONFIG_FILE, else where gitlab-runner has it.",
    )(command)


def seconds_option(name: str, text: str) -> Callable[[F], F]:
    """Take a duration such as `30m`; the command gets seconds, None when it was not given."""
    return click.option(name, default=None, callback=_seconds, metavar="TIME", help=text)


def _seconds(ctx: click.Context, param: click.Parameter, value: str | None) -> float | None:
    try:
        return None if value is None else parse_duration(value)
    except ValueError as error:
        raise ConfigError(f"{param.opts[0]}: {error}", reference="usage") from None


def choice_options(command: F) -> F:
    """Take `--name`, `--url` and `--token`, which choose runners of the file."""
    name = click.option(
        "-n",
        "--name",
        default="",
        metavar="NAME",
        shell_complete=runner_names,
        help="The runner of this name.",
    )
    url = click.option("-u", "--url", default="", metavar="URL", help="The runners of this GitLab.")
    token = click.option(
        "-t", "--token", default="", metavar="TOKEN", help="The runner with this token."
    )
    return name(url(token(command)))


class ConfigText(msgspec.Struct):
    """config.toml as text, for commands that change it."""

    path: Path
    text: str
    entries: tuple[Entry, ...]


def open_config(explicit: str | None) -> ConfigText:
    path = find_config_file(explicit, os.environ)
    text = read_text(path)
    try:
        return ConfigText(path, text, read_entries(text, os.environ))
    except ConfigError as error:
        raise in_file(path, error) from None


def chosen(config: ConfigText, name: str, url: str, token: str) -> tuple[Entry, ...]:
    """Return the runners chosen by the options; PodlaneError if there is none."""
    found = choose(config.entries, name=name, url=url, token=token)
    if found:
        return found
    if not config.entries:
        raise PodlaneError(
            f"{config.path} has no runners",
            hint="`podlane register` adds one",
            reference="no-runner",
        )
    raise PodlaneError(
        f"no runner of {config.path} fits --name, --url and --token",
        hint="`podlane list` shows the runners",
        reference="no-runner",
    )


def drop_runners(path: Path, gone: Iterable[Entry]) -> None:
    """Take runners out of the file, as it is now; they are known by GitLab and token."""
    known = {(entry.runner.url, entry.runner.token) for entry in gone}

    def edit(text: str) -> str:
        entries = read_entries(text, os.environ)
        there = [one for one in entries if (one.runner.url, one.runner.token) in known]
        return remove_runners(text, {one.index for one in there}) if there else text

    change_text(path, edit)


def whole(entry: Entry) -> Entry:
    """Return the entry if GitLab can be asked about it; ConfigError says what it lacks."""
    label = f'[[runners]] #{entry.index + 1} "{entry.runner.name}"'
    if entry.missing:
        raise ConfigError(
            f"{label} uses `${entry.missing[0]}`, which is not set in the environment",
            hint=f"set {entry.missing[0]} for this command",
            reference="config-environment",
        )
    if not entry.runner.url or not entry.runner.token:
        lacking = "token" if entry.runner.url else "url"
        raise ConfigError(f"{label} has no `{lacking}`", reference="config-missing")
    return entry


def read_bytes(path: Path) -> bytes:
    """Read a file that somebody named; PodlaneError says why it cannot be."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise PodlaneError(f"cannot read {path}: {error.strerror}", reference="file") from error
