"""`podlane man`: the manual page, made of what --help says: all commands with all their options."""

from __future__ import annotations

import inspect
from collections.abc import Iterator

import click

from podlane import __version__
from podlane.cli.command import Command, show_rare_options

_HELP = """Print the manual page: every command with all its options, made of what --help says.

To read it where it is not installed: podlane man | man -l -"""
_BREAK = "\b"  # click's mark of a paragraph whose lines are to be kept


@click.command(cls=Command, help=_HELP, examples=["podlane man >podlane.1"])
@click.pass_context
def command(ctx: click.Context) -> None:
    click.echo("\n".join(page(ctx.find_root().command)))


def page(root: click.Command) -> Iterator[str]:
    """The page as roff."""
    ctx = click.Context(root, info_name="podlane", **root.context_settings)
    show_rare_options(ctx)
    yield f'.TH PODLANE 1 "" "podlane {__version__}" "User Commands"'
    yield ".ad l"
    yield ".SH NAME"
    yield f"podlane \\- {_text(_first_line(root))}"
    yield ".SH SYNOPSIS"
    yield "\\fBpodlane\\fR [\\fIOPTIONS\\fR] \\fICOMMAND\\fR [\\fIARGS\\fR]..."
    yield ".SH OPTIONS"
    yield from _options(ctx)
    yield ".SH COMMANDS"
    yield from _commands(ctx)
    yield ".SH EXIT STATUS"
    yield "0: done. 1: not done, or found what was looked for, as each command says."
    yield "2: the command line or config.toml is wrong. 3: a bug of podlane. 130: interrupted."


def _commands(ctx: click.Context) -> Iterator[str]:
    group = ctx.command
    assert isinstance(group, click.Group)
    for name in group.list_commands(ctx):
        found = group.get_command(ctx, name)
        assert found is not None
        inner = click.Context(found, info_name=name, parent=ctx)
        usage = " ".join([inner.command_path, *found.collect_usage_pieces(inner)])
        yield f".SS {_text(usage)}"
        yield from _paragraphs(found.help or "")
        yield from _options(inner)
        for example in getattr(found, "examples", ()):
            yield from (".PP", "Example:", ".PP", ".nf", f"\\fB{_text(example)}\\fR", ".fi")
        if isinstance(found, click.Group):
            yield from _commands(inner)


def _options(ctx: click.Context) -> Iterator[str]:
    for option in ctx.command.get_params(ctx):
        record = option.get_help_record(ctx)
        if record is None:
            continue
        flags, told = record
        yield from (".TP", f"\\fB{_text(flags)}\\fR", _text(told))
        variable = getattr(option, "envvar", None)
        if isinstance(variable, str):
            yield f"[{_text(variable)}]"


def _paragraphs(text: str) -> Iterator[str]:
    for paragraph in inspect.cleandoc(text).split("\n\n"):
        yield ".PP"
        lines = [line.strip() for line in paragraph.split("\n")]
        if lines[0] == _BREAK:
            yield from (".nf", *map(_text, lines[1:]), ".fi")
        else:
            yield _text(" ".join(lines))


def _first_line(command: click.Command) -> str:
    return (command.help or "").strip().split("\n")[0]


def _text(text: str) -> str:
    """Plain text, in which roff reads no order."""
    safe = text.replace("\\", "\\e").replace("-", "\\-").replace("\n", " ")
    safe = "".join(one if one.isascii() else f"\\[u{ord(one):04X}]" for one in safe)
    return f"\\&{safe}" if safe.startswith((".", "'")) else safe
