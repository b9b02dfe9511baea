"""`podlane deploy`: from config.toml to a running manager. Each command is imported when asked."""

from __future__ import annotations

import click

from podlane.cli.group import Group

COMMANDS = {
    "render": "Print the objects as YAML.",
    "diff": "Show what `apply` would change.",
    "apply": "Put them into the cluster and wait until the manager is ready.",
    "upgrade": "Change a deployment that is there: a new config, a new image.",
    "status": "Tell how a deployment is.",
    "uninstall": "Take all of it away, once the running jobs have ended.",
    "secret": "Keep the jobs' credentials: Secrets, mounted into jobs.",
}


@click.group(
    cls=Group,
    table=COMMANDS,
    package="podlane.cli.deploy",
    help="Run podlane in a cluster: objects from config.toml, and their care.",
)
def command() -> None:
    pass
