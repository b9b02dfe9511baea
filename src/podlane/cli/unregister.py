"""`podlane unregister`: take runners away from GitLab, then out of config.toml.

A `glrt-` token stays GitLab's: only this machine's manager of the runner is removed there.
"""

from __future__ import annotations

import logging
from pathlib import Path

import click

from podlane.cli.command import Command
from podlane.cli.gitlab import NEW_TOKEN, ask
from podlane.cli.options import (
    choice_options,
    chosen,
    config_option,
    drop_runners,
    log_options,
    open_config,
    whole,
)
from podlane.cli.refused import fields_of
from podlane.core.config.entries import Entry
from podlane.core.text.token import short_token
from podlane.errors import ConfigError, PodlaneError, ServiceError
from podlane.manager.config_file import check_writable
from podlane.manager.system_id import load_system_id

log = logging.getLogger(__name__)

_HELP = """Take runners away from GitLab and from config.toml.

A runner with a `glrt-` token stays on GitLab's pages, where it was made: it only loses this machine
as a manager. One that GitLab does not let go stays in the file."""


@click.command(cls=Command, examples=["podlane unregister --name my-runner"], help=_HELP)
@config_option
@choice_options
@click.option("--all-runners", is_flag=True, help="All runners of the file.")
@log_options
def command(config: str | None, name: str, url: str, token: str, *, all_runners: bool) -> None:
    if not (name or url or token or all_runners):
        raise ConfigError(
            "no runner is chosen",
            hint="choose by --name, by --token, or say --all-runners; `podlane list` shows them",
            reference="usage",
        )
    opened = open_config(config)
    check_writable(opened.path)
    entries = [whole(entry) for entry in chosen(opened, name, url, token)]
    gone = [entry for entry in entries if _unregister(entry, opened.path)]
    if gone:
        drop_runners(opened.path, gone)
        log.info("Updated the configuration", extra={"fields": {"file": str(opened.path)}})
    if len(gone) < len(entries):
        raise PodlaneError(
            f"{len(entries) - len(gone)} of {len(entries)} runners could not be unregistered;"
            " they stay in the file",
            hint="`podlane verify --delete` takes out those whose token GitLab refuses",
            reference="unregister",
        )


def _unregister(entry: Entry, path: Path) -> bool:
    runner = entry.runner
    fields = {"runner": short_token(runner.token), "runner_name": runner.name}
    is_new = runner.token.reveal().startswith(NEW_TOKEN)
    try:
        if is_new:
            system_id = load_system_id(path).text
            ask(runner, path.parent, lambda api: api.unregister_manager(runner.token, system_id))
        else:
            ask(runner, path.parent, lambda api: api.unregister(runner.token))
    except ServiceError as error:
        if not (is_new and error.status == 404 and "manager" in error.message.lower()):
            reason = fields_of(runner, path.parent, error)
            log.error("Unregistering the runner failed", extra={"fields": fields | reason})
            return False
        log.info("GitLab did not know this manager", extra={"fields": fields})
    if is_new:
        log.info("Unregistering runner manager from GitLab succeeded", extra={"fields": fields})
    else:
        log.info("Unregistering runner from GitLab succeeded", extra={"fields": fields})
    return True
