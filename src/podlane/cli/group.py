"""A group of commands by their names, each imported only when it is asked for: all start fast."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from typing import Any

import click
from click.shell_completion import CompletionItem


class Group(click.Group):
    """`table`: what each command does, in the order of the help. A command is `command` of the
    module of its name in `package`; `modules` names those that are elsewhere, `inner` those that
    only podlane itself calls."""

    def __init__(
        self,
        *,
        table: Mapping[str, str],
        package: str,
        modules: Mapping[str, str] | None = None,
        inner: tuple[str, ...] = (),
        **settings: Any,
    ) -> None:
        super().__init__(**settings)
        self._table, self._package = table, package
        self._modules = modules or {}
        self._inner = inner

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self._table)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in self._table:
            return None
        module = self._modules.get(cmd_name, cmd_name.replace("-", "_"))
        found = importlib.import_module(f"{self._package}.{module}").command
        assert isinstance(found, click.Command)
        return found

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(self._table.items()))

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """From the table: to complete a command's name none is imported."""
        offered = {name: text for name, text in self._table.items() if name not in self._inner}
        return [
            *(
                CompletionItem(name, help=text)
                for name, text in offered.items()
                if name.startswith(incomplete)
            ),
            *click.Command.shell_complete(self, ctx, incomplete),
        ]
