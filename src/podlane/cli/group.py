"""A group of commands by their names, each imported only when it is asked for: all start fast."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from typing import Any

import click


class Group(click.Group):
    """`table`: what each command does, in the order of the help. A command is `command` of the
    module of its name in `package`; `modules` names those that are elsewhere."""

    def __init__(
        self,
        *,
        table: Mapping[str, str],
        package: str,
        modules: Mapping[str, str] | None = None,
        **settings: Any,
    ) -> None:
        super().__init__(**settings)
        self._table, self._package = table, package
        self._modules = modules or {}

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
