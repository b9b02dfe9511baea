"""`podlane register`: let GitLab know a runner, and add it to config.toml.

A `glrt-` token belongs to a runner that GitLab's pages have made: it is verified. An old
registration token makes the runner (POST /runners).
"""

from __future__ import annotations

import logging
import os
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from podlane import __version__
from podlane.cli.command import Command, RareOption
from podlane.cli.gitlab import NEW_TOKEN, ask
from podlane.cli.moot_flags import say_moot
from podlane.cli.options import config_option, log_options
from podlane.cli.questions import Questions
from podlane.cli.refused import explain
from podlane.cli.runner_flags import dashes, identity_options, setting_options, settings
from podlane.cli.server_flags import (
    named_server_options,
    refuse_server_options,
    registration_fields,
    server_options,
)
from podlane.clients.gitlab.info import build_info
from podlane.clients.gitlab.runner_api import RunnerIdentity
from podlane.core.config.check import check
from podlane.core.config.connection import normal_url
from podlane.core.config.edit import add_runner
from podlane.core.config.entries import read_entries
from podlane.core.config.model import RunnerConfig
from podlane.core.config.parse import parse
from podlane.core.config.template import fill, read_template
from podlane.core.config.times import token_times
from podlane.core.text.token import Token, short_token
from podlane.errors import ConfigError, PodlaneError, ServiceError
from podlane.manager import logs
from podlane.manager.config_file import (
    change_text,
    check_writable,
    in_file,
    new_config_file,
    read_text,
)
from podlane.manager.system_id import load_system_id

_FILES = ("tls-ca-file", "tls-cert-file", "tls-key-file")

_OLD_TOKEN = "Registration tokens are deprecated: make the runner in GitLab, use its `glrt-` token"

log = logging.getLogger(__name__)


_HELP = """Let GitLab know a runner, and add it to config.toml.

GitLab gives the token `glrt-…` when a runner is made on its pages (CI/CD > Runners > New runner).
What no option says is asked for, unless --non-interactive. Every setting of a runner has an option
(--help-all) and a variable: --kubernetes-cpu-limit is KUBERNETES_CPU_LIMIT."""


@click.command(
    cls=Command,
    help=_HELP,
    examples=[
        "podlane register",
        "podlane register -n --url https://gitlab.example.com --token glrt-… --name ci",
    ],
    context_settings={"token_normalize_func": dashes},
)
@config_option
@identity_options
@click.option(
    "-n",
    "--non-interactive",
    envvar="REGISTER_NON_INTERACTIVE",
    is_flag=True,
    help="Ask nothing; what is missing is an error.",
)
@click.option(
    "--template-config",
    envvar="TEMPLATE_CONFIG_FILE",
    default="",
    type=click.Path(),
    metavar="FILE",
    help="A config.toml with one runner: it says what no option does.",
)
@click.option(
    "-r",
    "--registration-token",
    cls=RareOption,
    envvar="REGISTRATION_TOKEN",
    default="",
    metavar="TOKEN",
    help="A token of the old kind, which makes the runner.",
)
@click.option(
    "--leave-runner",
    cls=RareOption,
    envvar="REGISTER_LEAVE_RUNNER",
    is_flag=True,
    help="Where the file cannot be written, leave the runner that was made in GitLab.",
)
@server_options
@setting_options
@log_options
def command(config: str | None, **options: Any) -> None:
    path = new_config_file(config, os.environ)
    say_moot(options)
    check_writable(path)
    _check_readable(path)
    template = _template(options["template_config"])
    questions = Questions(is_interactive=not options["non_interactive"])
    url = normal_url(questions.url(options["url"] or template.get("url", "")))
    token = Token(questions.token(options["token"] or options["registration_token"]))
    is_new = token.reveal().startswith(NEW_TOKEN)
    if is_new:
        refuse_server_options(named_server_options(), is_legacy_flag=not options["token"])
    runner = _identified(url, token, fill(_settings(options), template))
    registers = not is_new and not options["token"]
    if registers:
        log.warning(_OLD_TOKEN)
        runner_name = questions.name(options["name"] or template.get("name", ""))
        identity = _register(runner, path, registration_fields(runner_name, options, questions))
    else:
        identity = _verify(runner, path)
        runner_name = questions.name(options["name"] or template.get("name", ""))
    try:
        executor = questions.executor(options["executor"] or template.get("executor", ""))
        table = _table(runner_name, url, identity, executor) | _settings(options)
        _add(path, fill(table, template))
    except (PodlaneError, click.Abort):
        if registers and not options["leave_runner"]:
            with suppress(ServiceError):
                ask(runner, path.parent, lambda api: api.unregister(identity.token))
        raise
    _say_where(url, identity, path)


def _check_readable(path: Path) -> None:
    """A file that cannot be added to is refused before anything is asked."""
    if path.exists():
        try:
            read_entries(read_text(path), os.environ)
        except ConfigError as error:
            raise in_file(path, error) from None


def _template(file: str) -> dict[str, Any]:
    if not file:
        return {}
    try:
        return read_template(read_text(Path(file)))
    except ConfigError as error:
        raise in_file(Path(file), error) from None


def _settings(options: dict[str, Any]) -> dict[str, Any]:
    """The flags' part of the table; a path is written so that it is good from every folder."""
    table = settings(options)
    return table | {
        key: str(Path(text).expanduser().absolute())
        for key, text in table.items()
        if key in _FILES and "$" not in text
    }


def _identified(url: str, token: Token, table: dict[str, Any]) -> RunnerConfig:
    """Return the runner as far as speaking to its GitLab needs it."""
    return RunnerConfig(
        url=url,
        token=token,
        tls_ca_file=table.get("tls-ca-file", ""),
        tls_cert_file=table.get("tls-cert-file", ""),
        tls_key_file=table.get("tls-key-file", ""),
    )


def _verify(runner: RunnerConfig, path: Path) -> RunnerIdentity:
    system_id = load_system_id(path).text
    info = build_info(__version__, {})
    try:
        identity = ask(runner, path.parent, lambda api: api.verify(runner.token, system_id, info))
    except ServiceError as error:
        raise _not_registered("verifying", runner, path.parent, error) from error
    log.info(
        "Verifying runner... is valid", extra={"fields": {"runner": short_token(runner.token)}}
    )
    return identity


def _register(runner: RunnerConfig, path: Path, fields: dict[str, Any]) -> RunnerIdentity:
    fields = fields | {"info": build_info(__version__, {})}
    try:
        identity = ask(runner, path.parent, lambda api: api.register(runner.token, fields))
    except ServiceError as error:
        raise _not_registered("registering", runner, path.parent, error) from error
    log.info(
        "Registering runner... succeeded", extra={"fields": {"runner": short_token(identity.token)}}
    )
    return identity


def _not_registered(
    doing: str, runner: RunnerConfig, folder: Path, error: ServiceError
) -> PodlaneError:
    what, hint = explain(runner, folder, error)
    return PodlaneError(
        f"{doing} the runner failed, nothing was written: {what}", hint=hint, reference="register"
    )


def _table(name: str, url: str, identity: RunnerIdentity, executor: str) -> dict[str, Any]:
    identified = {"id": identity.id} if identity.id else {}
    return {
        "name": name,
        "url": url,
        **identified,
        "token": identity.token.reveal(),
        **token_times(datetime.now(UTC), identity.token_expires_at),
        "executor": executor,
    }


def _add(path: Path, table: dict[str, Any]) -> None:
    """Write the new file, once it is known to be one that `podlane run` takes. Others may have
    changed it since we began: it is read again."""
    try:
        parse(add_runner("", table), os.environ)
    except ConfigError as error:
        raise in_file(path, error) from None

    def edit(text: str) -> str:
        entries = read_entries(text, os.environ)
        known = [one.runner for one in entries if one.runner.token == Token(table["token"])]
        if any(one.url == table["url"] for one in known):
            fields = {"file": str(path), "name": known[0].name}
            log.warning(
                "This runner is in the file already, which stays as it is", extra={"fields": fields}
            )
            return text
        after = add_runner(text, table)
        notes = check(after, os.environ).notes
        logs.say_notes(note for note in notes if note.runner == len(entries))
        return after

    change_text(path, edit)


def _say_where(url: str, identity: RunnerIdentity, path: Path) -> None:
    number = f" #{identity.id}" if identity.id else ""
    click.echo(
        f"The runner{number} ({short_token(identity.token)}) is registered."
        f" Its configuration, with its token, is in {path}\n"
        f"In GitLab: {url}\n"
        "  Settings > CI/CD > Runners of its project or group, or Admin > CI/CD > Runners.\n"
        "  If it is locked to a project, other projects may use it once you edit it there and\n"
        "  untick 'Lock to current projects'.\n"
        "Next:\n"
        f"  podlane deploy apply --config {path}   runs it in a cluster\n"
        f"  podlane run --config {path}   runs it here\n"
        "  A manager that runs already takes it up by itself."
    )
