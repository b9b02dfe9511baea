"""The table of commands, and how a wrong command line is told."""

from __future__ import annotations

import platform
import sys
from typing import Any

import click

from podlane import __version__
from podlane.cli.group import Group
from podlane.errors import ConfigError

COMMANDS = {
    "run": "Run the manager: ask for jobs, launch their pods, settle them.",
    "run-single": "Run one runner, one job after the other, without a config.toml.",
    "local": "Run a project's .gitlab-ci.yml here, without GitLab and Kubernetes.",
    "deploy": "Run podlane in a cluster, from a config.toml, and keep it.",
    "migrate": "Move a gitlab-runner that runs in a cluster to podlane, and back.",
    "doctor": "Look at all that jobs need, and tell what mends what fails.",
    "register": "Let GitLab know a runner, and add it to config.toml.",
    "list": "List the runners of config.toml.",
    "verify": "Ask GitLab whether the runners' tokens are valid.",
    "unregister": "Take runners away from GitLab and from config.toml.",
    "reset-token": "Exchange runners' tokens for new ones.",
    "config": "Check, explain and compare config.toml.",
    "lint": "The old name of `config check`.",
    "completion": "Print what completes command lines in bash, zsh or fish.",
    "man": "Print the manual page.",
    "plan": "Print what podlane would do and create for a job.",
    "coordinator": "Serve the embedded GitLab. Pods of `local --context` call this.",
    "helper": "Run one job, inside its pod. The pods call this.",
}
_MACHINES = {"x86_64": "amd64", "aarch64": "arm64"}


def run_command(arguments: list[str]) -> int:
    """Run the command and return its exit code; a wrong command line is a ConfigError."""
    try:
        code = command.main(arguments, prog_name="podlane", standalone_mode=False)
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.format_message(), err=True)
        return 2
    except click.ClickException as error:
        raise _usage(error) from None
    except click.Abort:
        raise KeyboardInterrupt from None
    return code if type(code) is int else 0


def version_text() -> str:
    """The lines of `--version`, in gitlab-runner's form, saying what is true of podlane."""
    machine = _MACHINES.get(platform.machine(), platform.machine())
    lines = {
        "Version:": __version__,
        "Python:": platform.python_version(),
        "OS/Arch:": f"{sys.platform}/{machine}",
    }
    return "\n".join(f"{label:<14}{value}" for label, value in lines.items())


def _version(ctx: click.Context, _: click.Parameter, value: bool) -> None:  # noqa: FBT001
    if value and not ctx.resilient_parsing:
        click.echo(version_text())
        ctx.exit()


@click.group(
    cls=Group,
    table=COMMANDS,
    package="podlane.cli",
    inner=("coordinator", "helper"),
    context_settings={"help_option_names": ["-h", "--help"]},
)
@click.option("--debug", is_flag=True, envvar="RUNNER_DEBUG", help="The same as --log-level debug.")
@click.option("-l", "--log-level", metavar="LEVEL", help="debug, info, warning, error.")
@click.option("--log-format", metavar="FORMAT", help="runner, text or json.")
@click.option(
    "-v",
    "--version",
    is_flag=True,
    expose_value=False,
    is_eager=True,
    callback=_version,
    help="Print the version and leave.",
)
@click.pass_context
def command(
    ctx: click.Context, *, debug: bool, log_level: str | None, log_format: str | None
) -> None:
    """A GitLab Runner for Kubernetes: one pod per job, and the pod is the runner."""
    level = "debug" if debug else log_level
    chosen: dict[str, Any] = {"log_level": level, "log_format": log_format}
    given = {name: value for name, value in chosen.items() if value}
    ctx.default_map = dict.fromkeys(COMMANDS, given)


def _usage(error: click.ClickException) -> ConfigError:
    ctx = error.ctx if isinstance(error, click.UsageError) else None
    path = ctx.command_path if ctx is not None else "podlane"
    message = error.format_message().rstrip(".")
    return ConfigError(message, hint=f"`{path} --help` lists what it takes", reference="usage")
