"""`podlane deploy apply`: from a config.toml to a manager that runs."""

from __future__ import annotations

from typing import Any

import click

from podlane.cli.deploy.options import in_cluster, place_options, read_wish, wish_options


@click.command(help="Make or change the deployment, and wait until its manager is ready.")
@place_options
@wish_options
@click.option("--no-wait", is_flag=True, help="Do not wait for the manager.")
def command(name: str, namespace: str, *, context: str, no_wait: bool, **options: Any) -> None:
    from podlane.core.deploy.manifests import manifests
    from podlane.deploy.apply import apply_all
    from podlane.deploy.live import keep_rotated
    from podlane.deploy.ready import wait_until_ready

    wish = read_wish(name, namespace, options)

    async def work(api: Any) -> None:
        objects = manifests(await keep_rotated(api, wish, click.echo))
        await apply_all(api, wish, objects, click.echo)
        if not no_wait:
            deployment = next(one for one in objects if one["kind"] == "Deployment")
            await wait_until_ready(api, deployment, click.echo)

    click.echo(f"{name} in {namespace}:")
    in_cluster(context, work)
    if not no_wait:
        click.echo(f"The manager is ready: it takes jobs for {_runners(wish)}.")
        click.echo(f"Next: podlane deploy status -n {namespace}")


def _runners(wish: Any) -> str:
    names = [one.name or one.url for one in wish.config.runners]
    return names[0] if len(names) == 1 else f"{len(names)} runners ({', '.join(names)})"
