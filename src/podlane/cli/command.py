"""A command and its help, which fits a screen: what it does, its options, an example or two."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import click

_ALL = "podlane.help-all"


class Command(click.Command):
    """`examples`: command lines, shown below the options; a test reads them as commands."""

    def __init__(self, *, examples: Sequence[str] = (), **settings: Any) -> None:
        super().__init__(**settings)
        self.examples = tuple(examples)

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        if self.examples:
            with formatter.section("Example" if len(self.examples) == 1 else "Examples"):
                for line in self.examples:
                    formatter.write(f"  {line}\n")


class RareOption(click.Option):
    """One that `--help` leaves out and `--help-all` shows."""

    def get_help_record(self, ctx: click.Context) -> tuple[str, str] | None:
        return super().get_help_record(ctx) if ctx.meta.get(_ALL) else None


def show_rare_options(ctx: click.Context) -> None:
    ctx.meta[_ALL] = True


def _help_all(ctx: click.Context, _: click.Parameter, value: bool) -> None:  # noqa: FBT001
    if value and not ctx.resilient_parsing:
        show_rare_options(ctx)
        click.echo(ctx.get_help())
        ctx.exit()


help_all_option = click.option(
    "--help-all",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_help_all,
    help="Show every option.",
)
