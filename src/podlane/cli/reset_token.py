"""`podlane reset-token`: exchange runners' tokens for new ones, in GitLab and in config.toml."""

from __future__ import annotations

import logging
import os
from datetime import UTC, datetime

import click

from podlane.cli.command import Command
from podlane.cli.gitlab import ask
from podlane.cli.options import (
    ConfigText,
    choice_options,
    chosen,
    config_option,
    log_options,
    open_config,
    whole,
)
from podlane.cli.refused import fields_of
from podlane.clients.gitlab.runner_api import RunnerApi, RunnerIdentity
from podlane.core.config.edit import set_values
from podlane.core.config.entries import Entry
from podlane.core.config.times import token_times
from podlane.core.text.token import Token, short_token
from podlane.errors import ConfigError, PodlaneError, ServiceError
from podlane.manager.config_file import change_text, check_writable
from podlane.manager.token_store import find_entry

log = logging.getLogger(__name__)

_HELP = """Exchange runners' tokens for new ones, in GitLab and in config.toml. Running jobs do not
notice. The manager does so by itself before a token ends."""


@click.command(cls=Command, examples=["podlane reset-token --name my-runner"], help=_HELP)
@config_option
@choice_options
@click.option(
    "--id", "runner_id", type=int, default=0, metavar="NUMBER", help="The runner with this id."
)
@click.option(
    "--pat", default="", metavar="TOKEN", help="Ask as the owner of this personal access token."
)
@click.option("--all-runners", is_flag=True, help="All runners of the file.")
@log_options
def command(config: str | None, **options: str | int | bool) -> None:
    opened = open_config(config)
    entries = _entries(opened, **options)
    check_writable(opened.path)
    pat = Token(str(options["pat"]))
    done = [_reset(opened, entry, pat) for entry in entries]
    if not all(done):
        raise PodlaneError(
            f"{done.count(False)} of {len(done)} tokens could not be reset; they stay as they are",
            reference="reset-token",
        )


def _entries(opened: ConfigText, **options: str | int | bool) -> list[Entry]:
    given = {key: str(options[key]) for key in ("name", "url", "token")}
    runner_id = options["runner_id"]
    if not (any(given.values()) or runner_id or options["all_runners"]):
        raise ConfigError(
            "no runner is chosen",
            hint="choose by --name, --id or --token, or say --all-runners",
            reference="usage",
        )
    found = [whole(entry) for entry in chosen(opened, **given)]
    if runner_id:
        found = [entry for entry in found if entry.runner.id == runner_id]
    if not found:
        raise PodlaneError(
            f"no runner of {opened.path} has the id {runner_id}", reference="no-runner"
        )
    if options["pat"] and not all(entry.runner.id for entry in found):
        raise ConfigError(
            "--pat needs the runner's `id` in the file, and one has none",
            hint="add `id = …` to its `[[runners]]`, as GitLab shows it",
            reference="config-missing",
        )
    return found


def _reset(opened: ConfigText, entry: Entry, pat: Token) -> bool:
    runner = entry.runner
    fields = {"runner": short_token(runner.token), "runner_name": runner.name}

    async def call(api: RunnerApi) -> RunnerIdentity:
        if pat:
            return await api.reset_token_by_admin(runner.id, pat)
        return await api.reset_token(runner.token)

    try:
        identity = ask(runner, opened.path.parent, call)
    except ServiceError as error:
        reason = fields_of(runner, opened.path.parent, error)
        log.error("Resetting runner token... failed", extra={"fields": fields | reason})
        return False
    times = token_times(datetime.now(UTC), identity.token_expires_at)
    values: dict[str, str | int | datetime] = {"token": identity.token.reveal(), **times}

    def edit(text: str) -> str:
        there = find_entry(text, runner, os.environ)
        if there is None:
            raise PodlaneError(
                f"{opened.path} has the runner no longer: its new token cannot be written",
                hint="`podlane reset-token --pat` or GitLab's pages give another one",
                reference="reset-token",
            )
        return set_values(text, there.index, values)

    change_text(opened.path, edit)  # at once: the old token is worth nothing any more
    log.info("Resetting runner token... succeeded", extra={"fields": fields})
    return True
