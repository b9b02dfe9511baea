"""`podlane deploy uninstall`: away with all of it, and no job is lost."""

from __future__ import annotations

import click

from podlane.cli.command import Command
from podlane.cli.deploy.options import in_cluster, place_options
from podlane.core.text.duration import parse_duration
from podlane.errors import ConfigError

_HELP = """Take the deployment away: no more jobs are asked for, those that run end first, and then
every object goes. The runner stays in GitLab; `podlane unregister` takes it away there."""


@click.command(cls=Command, examples=["podlane deploy uninstall -n ci --wait 30m"], help=_HELP)
@place_options
@click.option("--now", is_flag=True, help="End the running jobs: GitLab sees them fail.")
@click.option(
    "--wait", "patience", default="", metavar="TIME", help="Give up after so long, such as 30m."
)
def command(name: str, namespace: str, *, context: str, now: bool, patience: str) -> None:
    from podlane.deploy.uninstall import Ending, uninstall

    try:
        seconds = parse_duration(patience or "0")
    except ValueError as error:
        raise ConfigError(f"--wait: {error}", reference="usage") from None
    click.echo(f"{name} in {namespace}:")
    ending = Ending(is_now=now, patience=seconds)
    in_cluster(context, lambda api: uninstall(api, name, namespace, click.echo, ending))
    click.echo("Nothing of it is left in the cluster.")
