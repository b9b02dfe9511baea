"""`podlane migrate`: podlane in the place of a gitlab-runner that runs in a cluster, and back."""

from __future__ import annotations

from typing import Any

import click

from podlane.cli.command import Command
from podlane.cli.complete import contexts
from podlane.cli.deploy.options import in_cluster
from podlane.cli.options import seconds_option

_HELP = """Move a gitlab-runner that runs in a cluster to podlane, with the same token.

Reads the release: its Deployment, what that mounts, and Helm's record. Shows what would be made,
which settings change, and what does not carry over. Nothing is changed without --apply.

With --apply podlane is put in force beside the old manager; when it is ready, the old one is told
to stop (0 replicas): it finishes its jobs and ends. Nothing of the old release is deleted, and
`podlane migrate back` is the way back.

\b
  podlane migrate -n ci --release gitlab-runner
  podlane migrate -n ci --release gitlab-runner --apply
  podlane migrate --values values.yaml --write config.toml
"""
_BACK = """Give the runner back to gitlab-runner: its Deployment gets its replicas again and must be
ready; then podlane goes, once the jobs that it runs have ended."""


def _release_options(command: Any) -> Any:
    for option in (
        click.option(
            "--release",
            default="",
            metavar="NAME",
            help="Of gitlab-runner; not needed for the only one.",
        ),
        click.option(
            "-n",
            "--namespace",
            default="default",
            metavar="NAME",
            help="Where it runs; podlane as well.",
        ),
        click.option(
            "--context",
            default="",
            metavar="NAME",
            shell_complete=contexts,
            help="A context of the kubeconfig; else the current one.",
        ),
    ):
        command = option(command)
    return command


@click.group(help=_HELP, invoke_without_command=True)
@_release_options
@click.option("--apply", "applies", is_flag=True, help="Do it.")
@click.option(
    "--values",
    default="",
    type=click.Path(),
    metavar="FILE",
    help="Read a values.yaml of the chart, and no cluster.",
)
@click.option(
    "-c",
    "--config",
    default="",
    type=click.Path(),
    metavar="FILE",
    help="In the place of the release's.",
)
@click.option(
    "--name", default="podlane", show_default=True, metavar="NAME", help="Of podlane's deployment."
)
@click.option(
    "--image", envvar="PODLANE_IMAGE", default="", metavar="IMAGE", help="podlane's own image."
)
@click.option(
    "--replicas", type=click.IntRange(1), metavar="NUMBER", help="Managers; as many as before."
)
@click.option(
    "--write",
    default="",
    type=click.Path(),
    metavar="FILE",
    help="Write podlane's config.toml, token included.",
)
@seconds_option("--wait", "How long to wait for the old manager's end, such as 30m.")
@click.option("--now", is_flag=True, help="Stop it even where jobs would be lost.")
@click.pass_context
def command(ctx: click.Context, /, **options: Any) -> None:
    if ctx.invoked_subcommand:
        ctx.obj = options
        return
    from podlane.cli.migration import migrate

    migrate(options)


@command.command(
    cls=Command,
    help=_BACK,
    short_help="Give the runner back to gitlab-runner.",
    examples=["podlane migrate back -n ci --release gitlab-runner"],
)
@_release_options
@click.option("--now", is_flag=True, help="End podlane's jobs: GitLab sees them fail.")
@seconds_option("--wait", "How long podlane's jobs may take, such as 30m.")
@click.pass_context
def back(ctx: click.Context, /, **options: Any) -> None:
    from podlane.deploy.migrate.back import back as go_back
    from podlane.deploy.uninstall import Ending

    before: dict[str, Any] = ctx.obj
    given = {key: before[key] if _is_default(ctx, key) else value for key, value in options.items()}
    ending = Ending(is_now=given["now"], patience=given["wait"] or 0.0)
    in_cluster(
        given["context"],
        lambda api: go_back(api, given["release"], given["namespace"], click.echo, ending),
    )
    click.echo("gitlab-runner takes the jobs again; nothing of podlane is left.")


def _is_default(ctx: click.Context, name: str) -> bool:
    return ctx.get_parameter_source(name) is click.core.ParameterSource.DEFAULT
