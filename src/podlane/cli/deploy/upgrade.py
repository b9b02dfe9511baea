"""`podlane deploy upgrade`: a new config or image for a deployment that is there."""

from __future__ import annotations

from typing import Any

import click

from podlane.cli.deploy.options import in_cluster, place_options, read_wish
from podlane.cli.options import config_option

_HELP = """Change a deployment that is there and wait until its manager is ready. What is not given
stays as it is: without --config the config in the cluster, without --image the image. Running jobs
do not notice."""


@click.command(help=_HELP)
@place_options
@config_option
@click.option("--image", default="", help="podlane's own image.")
@click.option("--replicas", type=click.IntRange(1), default=None, help="Managers at once.")
def command(name: str, namespace: str, *, context: str, **options: Any) -> None:
    from podlane.core.deploy.manifests import manifests
    from podlane.deploy.apply import apply_all
    from podlane.deploy.live import keep_rotated, live, upgraded
    from podlane.deploy.ready import wait_until_ready

    order = read_wish(name, namespace, options) if options["config"] else None

    async def work(api: Any) -> None:
        before = await live(api, name, namespace)
        wish = upgraded(before, order, options["image"], options["replicas"] or 0)
        objects = manifests(await keep_rotated(api, wish, click.echo))
        await apply_all(api, wish, objects, click.echo)
        deployment = next(one for one in objects if one["kind"] == "Deployment")
        await wait_until_ready(api, deployment, click.echo)

    click.echo(f"{name} in {namespace}:")
    in_cluster(context, work)
    click.echo("The manager is ready.")
