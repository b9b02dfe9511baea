"""`podlane deploy apply`: from a config.toml to a manager that runs."""

from __future__ import annotations

from typing import Any

import click

from podlane.cli.command import Command
from podlane.cli.deploy.options import in_cluster, place_options, read_wish, wish_options

_HELP = """Make the deployment from config.toml, or change it, and wait until its manager is ready.

Account, rights, Secret, ConfigMap and Deployment are put into the cluster of the kubeconfig;
`podlane deploy render` prints them, `diff` shows what would change."""


@click.command(
    cls=Command,
    examples=["podlane deploy apply -n ci --image registry.example.com/podlane:1"],
    help=_HELP,
)
@place_options
@wish_options
@click.option("--no-wait", is_flag=True, help="Do not wait for the manager.")
def command(name: str, namespace: str, *, context: str, no_wait: bool, **options: Any) -> None:
    from podlane.deploy.apply import put_in_force

    wish = read_wish(name, namespace, options)

    click.echo(f"{name} in {namespace}:")
    in_cluster(context, lambda api: put_in_force(api, wish, click.echo, waits=not no_wait))
    if not no_wait:
        click.echo(f"The manager is ready: it takes jobs for {_runners(wish)}.")
        which = "" if name == "podlane" else f" --name {name}"
        click.echo(f"Next: podlane deploy status -n {namespace}{which}")


def _runners(wish: Any) -> str:
    names = [one.name or one.url for one in wish.config.runners]
    return names[0] if len(names) == 1 else f"{len(names)} runners ({', '.join(names)})"
