"""`podlane config explain KEY`: what a key of config.toml does, and all that can be told of it."""

from __future__ import annotations

import shutil
import textwrap
from collections.abc import Callable, Iterable

import click

from podlane.cli.command import Command
from podlane.cli.config import find, flags
from podlane.cli.config.example import example
from podlane.cli.config.facts import Fact, facts
from podlane.core.config.explain import entries

_HELP = """Tell what KEY does, its default, and which variable of a job overwrites it.

KEY is a name (poll_timeout), with its tables where it has several homes
(kubernetes.volumes.secret.items), a table, a variable (KUBERNETES_CPU_LIMIT) or a feature flag
(FF_TIMESTAMPS). Without KEY the tables are listed."""


_FEW = 6
_DEPTH = 2  # what lies deeper is listed by the table around it
_LONGEST = 60  # names that share a line with their text


@click.command(cls=Command, examples=["podlane config explain poll_timeout"], help=_HELP)
@click.argument("key", required=False, default="")
def command(key: str) -> None:
    if not key.strip():
        _show_tables()
        return
    if flags.is_flag(key):
        _show_flag(*flags.told(key))
        return
    found = find.find(key)
    if len(found.same) > 1:
        _show_choice(key, found.same)
        return
    _show(found.same[0], found.others)


def _show(fact: Fact, others: tuple[Fact, ...]) -> None:
    click.echo(fact.key + (f"   in {_header(fact.table)}" if fact.table else "   at the top"))
    _show_text(fact.entry.text, _lines(fact))
    if shown := example(fact):
        click.echo("\n" + textwrap.indent(shown, "    "))
    if fact.is_table:
        click.echo(f"\nKeys of {_header(fact.name)}:")
        _list(one for one in facts().values() if one.table == fact.name)
    if others:
        click.echo("\nThe same name elsewhere:")
        for one in others[:_FEW]:
            click.echo(f"  {one.name}")
        if len(others) > _FEW:
            click.echo(f"  … and {len(others) - _FEW} more")


def _show_flag(name: str, sentence: str, lines: list[tuple[str, str]]) -> None:
    click.echo(f"{name}   a feature flag")
    _show_text(sentence, lines)


def _show_text(sentence: str, lines: list[tuple[str, str]]) -> None:
    """The sentence, and under it what is known beside it."""
    click.echo("\n" + textwrap.fill(sentence, _width(), break_on_hyphens=False) + "\n")
    for label, text in lines:
        click.echo(
            textwrap.fill(
                text,
                _width(),
                initial_indent=f"{label:<12}",
                subsequent_indent=" " * 12,
                break_long_words=False,
                break_on_hyphens=False,
            )
        )


def _lines(fact: Fact) -> list[tuple[str, str]]:
    """What is known beside the sentence, each with a word for what it is."""
    kind = ", ".join(word for word in (fact.type, fact.entry.unit) if word)
    lines = [("type", kind), ("default", fact.default)]
    if fact.entry.is_expanded:
        lines.append(("variables", "of the job are expanded"))
    if fact.gate:
        lines.append(("overwrite", f"{fact.variable} of a job, where `{fact.gate}` allows it"))
    if fact.guards:
        lines.append(
            ("guards", f"{fact.variable}, by which a job overwrites `{_last(fact.guards)}`")
        )
    if fact.option:
        lines.append(("register", f"{fact.option} or {fact.environment}"))
    if fact.verdict == "later":
        lines.append(("NOT YET", fact.instead))
    if fact.verdict == "moot":
        lines.append(("NO EFFECT", fact.instead))
    lines.append(("reference", find.reference(fact)))
    return [(label, text) for label, text in lines if text]


def _last(name: str) -> str:
    return name.rpartition(".")[2]


def _show_choice(key: str, found: tuple[Fact, ...]) -> None:
    click.echo(f"{key} is a key of several tables; name one:\n")
    _list(found, lambda fact: fact.name)


def _show_tables() -> None:
    click.echo("The tables of config.toml; `podlane config explain TABLE` lists the keys of one.\n")
    tables = (facts()[name] for name in entries() if name and name.count(".") <= _DEPTH)
    _list(tables, lambda fact: fact.name)
    click.echo("\nKeys at the top, before the first table:\n")
    _list(one for one in facts().values() if not one.table and not one.is_table)


def _list(found: Iterable[Fact], name: Callable[[Fact], str] = lambda fact: fact.key) -> None:
    """One line for each: its first sentence, or as much of it as there is room for."""
    rows = [(name(fact), fact) for fact in found]
    longest = max((len(word) for word, _ in rows), default=0)
    for word, fact in rows:
        start = f"  {word:<{longest}}  " if longest <= _LONGEST else f"  {word}\n      "
        room = _width() - (len(start) if longest <= _LONGEST else 6)
        click.echo(
            start
            + textwrap.shorten(
                _in_short(fact), max(room, 24), placeholder=" …", break_on_hyphens=False
            )
        )


def _in_short(fact: Fact) -> str:
    mark = {"later": "(not yet) ", "moot": "(no effect) "}.get(fact.verdict, "")
    return mark + fact.entry.text.partition(". ")[0].removesuffix(".")


def _header(table: str) -> str:
    return f"[[{table}]]" if facts()[table].is_list else f"[{table}]"


def _width() -> int:
    return min(shutil.get_terminal_size((100, 24)).columns, 120)
