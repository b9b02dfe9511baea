"""`podlane verify`: does GitLab take the runners' tokens?"""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Literal

import click

from podlane import __version__
from podlane.cli.command import Command
from podlane.cli.gitlab import ask
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
from podlane.clients.gitlab.info import build_info
from podlane.core.config.entries import Entry
from podlane.core.text.token import short_token
from podlane.errors import PodlaneError, ServiceError
from podlane.manager.config_file import check_writable
from podlane.manager.system_id import load_system_id

log = logging.getLogger(__name__)

Verdict = Literal["valid", "invalid", "unknown"]

_HELP = """Ask GitLab whether the runners' tokens are valid: all in the file, or those chosen.

The exit code is 1 when one is not, or when that could not be found out: no answer from GitLab
is not an invalid token, and --delete leaves that runner alone."""


@click.command(
    cls=Command, examples=["podlane verify", "podlane verify --name my-runner"], help=_HELP
)
@config_option
@choice_options
@click.option("--delete", is_flag=True, help="Take runners with an invalid token out of the file.")
@log_options
def command(config: str | None, name: str, url: str, token: str, *, delete: bool) -> None:
    opened = open_config(config)
    if delete:
        check_writable(opened.path)
    entries = [whole(entry) for entry in chosen(opened, name, url, token)]
    verdicts = {entry.index: _verify(entry, opened.path) for entry in entries}
    invalid = [entry for entry in entries if verdicts[entry.index] == "invalid"]
    if delete and invalid:
        drop_runners(opened.path, invalid)
        log.info("Updated the configuration", extra={"fields": {"file": str(opened.path)}})
    if invalid and not delete:
        raise PodlaneError(
            f"GitLab refused {len(invalid)} of {len(entries)} runners",
            hint="`podlane verify --delete` takes them out of the file; then `podlane register`",
            reference="verify-invalid",
        )
    if unknown := sum(verdict == "unknown" for verdict in verdicts.values()):
        raise PodlaneError(
            f"{unknown} of {len(entries)} runners could not be verified; they may well be valid",
            reference="verify-unknown",
        )


def _verify(entry: Entry, path: Path) -> Verdict:
    runner = entry.runner
    system_id = load_system_id(path).text
    fields = {"runner": short_token(runner.token), "runner_name": runner.name}
    try:
        info = build_info(__version__, {})
        ask(runner, path.parent, lambda api: api.verify(runner.token, system_id, info))
    except ServiceError as error:
        reason = fields_of(runner, path.parent, error)
        if error.status == 403:
            log.error("Verifying runner... is not valid", extra={"fields": fields | reason})
            return "invalid"
        log.warning("Verifying runner... cannot tell", extra={"fields": fields | reason})
        return "unknown"
    log.info("Verifying runner... is valid", extra={"fields": fields})
    return "valid"
