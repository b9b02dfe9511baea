"""Options that GitLab keeps, not config.toml: tags and the like. Only an old registration token
may set them; a runner that was made on GitLab's pages has them there."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any, TypeVar

import click
from click.core import ParameterSource

from podlane.cli.command import RareOption
from podlane.cli.questions import Questions
from podlane.errors import ConfigError

log = logging.getLogger(__name__)

F = TypeVar("F", bound=Callable[..., Any])

_BOOL: dict[str, Any] = {
    "type": bool,
    "is_flag": False,
    "flag_value": True,
    "metavar": "[true|false]",
}
_OPTIONS: dict[str, dict[str, Any]] = {
    "tag-list": {"default": "", "metavar": "TAGS", "help": "Tags, separated by commas."},
    "run-untagged": {"default": None, "help": "Take jobs without tags.", **_BOOL},
    "locked": {"default": True, "help": "Stay with one project.", **_BOOL},
    "access-level": {
        "default": "",
        "type": click.Choice(["", "not_protected", "ref_protected"]),
        "metavar": "LEVEL",
        "help": "not_protected or ref_protected.",
    },
    "maximum-timeout": {
        "default": 0,
        "type": int,
        "metavar": "SECONDS",
        "help": "What a job may take.",
    },
    "paused": {"default": False, "help": "Take no jobs yet.", **_BOOL},
    "maintenance-note": {"default": "", "metavar": "TEXT", "help": "A note for administrators."},
}


def server_options(command: F) -> F:
    for name, settings in reversed(_OPTIONS.items()):
        stem = "RUNNER" if name == "tag-list" else "REGISTER"
        variable = f"{stem}_{name.replace('-', '_').upper()}"
        command = click.option(f"--{name}", cls=RareOption, envvar=variable, **settings)(command)
    return command


def named_server_options() -> list[str]:
    """Return those of the options that this command line or its environment names."""
    ctx = click.get_current_context()
    named = (ParameterSource.COMMANDLINE, ParameterSource.ENVIRONMENT)
    return [
        f"--{name}"
        for name in _OPTIONS
        if ctx.get_parameter_source(name.replace("-", "_")) in named
    ]


def refuse_server_options(named: list[str], *, is_legacy_flag: bool) -> None:
    """A `glrt-` token cannot carry them; by --registration-token, old scripts are let through."""
    if named and is_legacy_flag:
        log.warning(
            "GitLab keeps these options of the runner; they are ignored",
            extra={"fields": {"options": " ".join(named)}},
        )
    elif named:
        raise ConfigError(
            f"{', '.join(named)} cannot be set with a `glrt-` token: GitLab keeps them",
            hint="set them on the runner's page in GitLab, and leave them out here",
            reference="register-server-options",
        )


def registration_fields(name: str, options: dict[str, Any], questions: Questions) -> dict[str, Any]:
    """Return the body of POST /runners, but for token and info."""
    tags = questions.optional(options["tag_list"], "Tags, separated by commas")
    note = questions.optional(options["maintenance_note"], "A maintenance note")
    untagged = options["run_untagged"]
    fields: dict[str, Any] = {
        "description": name,
        "tag_list": tags,
        "maintenance_note": note,
        "access_level": options["access_level"],
        "maximum_timeout": options["maximum_timeout"],
        # without tags a runner that takes no untagged jobs would take none at all
        "run_untagged": not tags if untagged is None else untagged,
        "locked": options["locked"],
        "paused": options["paused"],
    }
    always = ("run_untagged", "locked", "paused")
    return {key: value for key, value in fields.items() if value or key in always}
