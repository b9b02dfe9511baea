"""`podlane coordinator`: the embedded GitLab as a program, in the pod of a run on a cluster."""

from __future__ import annotations

from pathlib import Path

import click

from podlane.cli.command import Command


@click.command(
    cls=Command,
    examples=["podlane coordinator --root /tmp/gitlab"],
    help="Serve the embedded GitLab. The pod of `podlane local --context` calls this.",
)
@click.option(
    "--root", type=click.Path(path_type=Path), required=True, metavar="FOLDER", help="Its folder."
)
@click.option(
    "--port", type=int, default=8080, show_default=True, metavar="NUMBER", help="Where it listens."
)
@click.option("--log-level", hidden=True)
@click.option("--log-format", hidden=True)
def command(root: Path, port: int, **_: str | None) -> int:
    import asyncio
    import os

    from podlane.errors import ConfigError
    from podlane.local.remote.serve import serve

    control = os.environ.get("PODLANE_CONTROL_TOKEN", "")
    if not control:
        raise ConfigError(
            "PODLANE_CONTROL_TOKEN is not set: without it anybody could give orders",
            reference="coordinator",
        )
    asyncio.run(serve(root, port, control))
    return 0
