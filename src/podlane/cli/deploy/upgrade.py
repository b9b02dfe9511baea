"""`podlane deploy upgrade`: a new config or image for a deployment that is there."""

from __future__ import annotations

from typing import Any

import click

from podlane.cli.command import Command
from podlane.cli.deploy.options import in_cluster, place_options, read_wish
from podlane.cli.options import config_option

_HELP = """Change a deployment that is there and wait until its manager is ready. What is not given
stays as it is: without --config the config in the cluster, without --image the image. Running jobs
do not notice."""


@click.command(
    cls=Command,
    examples=["podlane deploy upgrade -n ci --image registry.example.com/podlane:2"],
    help=_HELP,
)
@place_options
@config_option
@click.option("--image", default="", metavar="IMAGE", help="podlane's own image.")
@click.option("--replicas", type=click.IntRange(1), metavar="NUMBER", help="Managers at once.")
def command(name: str, namespace: str, *, context: str, **options: Any) -> None:
    from podlane.deploy.apply import put_in_force
    from podlane.deploy.live import live, upgraded

    order = read_wish(name, namespace, options) if options["config"] else None

    async def work(api: Any) -> None:
        before = await live(api, name, namespace)
        wish = upgraded(before, order, options["image"], options["replicas"] or 0)
        await put_in_force(api, wish, click.echo)

    click.echo(f"{name} in {namespace}:")
    in_cluster(context, work)
    click.echo("The manager is ready.")
