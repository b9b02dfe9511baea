"""`podlane deploy diff`: what an apply would change, and nothing is changed."""

from __future__ import annotations

from typing import Any

import click

from podlane.cli.command import Command
from podlane.cli.deploy.options import in_cluster, place_options, read_wish, say_why, wish_options

_HELP = """Show what `apply` with the same options would change in the cluster; nothing is changed.

The values of Secrets are shown as marks. The exit code is 1 when something would change."""


@click.command(cls=Command, examples=["podlane deploy diff -n ci --config config.toml"], help=_HELP)
@place_options
@wish_options
def command(name: str, namespace: str, *, context: str, **options: Any) -> int:
    from podlane.cli.readable import as_text
    from podlane.core.deploy.manifests import manifests
    from podlane.deploy.diff import differences
    from podlane.deploy.live import keep_rotated

    wish = read_wish(name, namespace, options)

    async def work(api: Any) -> list[str]:
        wanted = await keep_rotated(api, wish, lambda line: click.echo(line, err=True))
        objects = manifests(wanted)
        say_why(objects)
        return await differences(api, wanted, objects, as_text)

    found = in_cluster(context, work)
    click.echo("\n".join(found) if found else "Nothing would change.")
    return int(bool(found))
