"""`podlane deploy status`: how a deployment is."""

from __future__ import annotations

import json
from typing import Any

import click

from podlane.cli.command import Command
from podlane.cli.deploy.options import in_cluster, place_options

_HELP = """Tell how a deployment is: its manager, and if it is not ready why, and its jobs' pods.

The exit code is 1 while the manager is not ready."""


@click.command(cls=Command, examples=["podlane deploy status -n ci"], help=_HELP)
@place_options
@click.option("--json", "as_json", is_flag=True, help="Print a JSON object.")
def command(name: str, namespace: str, *, context: str, as_json: bool) -> int:
    from podlane.deploy.status import status

    found = in_cluster(context, lambda api: status(api, name, namespace))
    if as_json:
        click.echo(json.dumps(found, indent=2))
    else:
        _show(name, namespace, found)
    return 0 if found["ready"] else 1


def _show(name: str, namespace: str, found: dict[str, Any]) -> None:
    state = "ready" if found["ready"] else f"not ready: {found['waiting_for'] or 'starting'}"
    if found["draining"]:
        state += ", draining: it asks for no jobs"
    click.echo(f"{name} in {namespace}: {state}")
    click.echo(f"  image      {found['image']}")
    click.echo(f"  system id  {found['system_id'] or 'one for each manager'}")
    for one in found["managers"]:
        restarts = f", {one['restarts']} restarts" if one["restarts"] else ""
        since = f"since {one['started_at']} on {one['node']}" if one["node"] else "not placed"
        click.echo(f"  manager    {one['pod']}: {one['phase']} {since}{restarts}")
    jobs = ", ".join(f"{count} {phase.lower()}" for phase, count in sorted(found["jobs"].items()))
    click.echo(f"  jobs       {jobs or 'none'}")
