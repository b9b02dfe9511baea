"""`podlane helper`: here only for its help; main.py calls the helper itself, without click."""

from __future__ import annotations

import click

from podlane.cli.command import Command

_HELP = """Run one job, inside its pod. PLAN is the folder or file in which the manager has put what
is to be done. Pods call this; nobody else needs to."""


@click.command(cls=Command, help=_HELP, examples=["podlane helper /podlane/plan"])
@click.argument("plan")
def command(plan: str) -> None:
    del plan
