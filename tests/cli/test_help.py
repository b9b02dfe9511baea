"""--help of every command: it fits a screen, tells every option, and its examples are commands."""

from __future__ import annotations

import shlex
from collections.abc import Iterator

import click
import pytest

from podlane.cli.command import Command, RareOption
from podlane.cli.man import page
from podlane.cli.table import command as root

LINES, COLUMNS = 40, 80


def walked(found: click.Command, path: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    yield path
    if isinstance(found, click.Group):
        ctx = click.Context(found)
        for name in found.list_commands(ctx):
            inner = found.get_command(ctx, name)
            assert inner is not None
            yield from walked(inner, (*path, name))


COMMANDS = tuple(walked(root, ()))


def context(path: tuple[str, ...]) -> click.Context:
    ctx = click.Context(root, info_name="podlane", **root.context_settings)
    for name in path:
        group = ctx.command
        assert isinstance(group, click.Group)
        found = group.get_command(ctx, name)
        assert found is not None
        ctx = click.Context(found, info_name=name, parent=ctx, **found.context_settings)
    return ctx


@pytest.mark.parametrize("path", COMMANDS, ids=lambda path: " ".join(path) or "podlane")
def test_it_fits_a_screen_and_tells_everything(path: tuple[str, ...]) -> None:
    ctx = context(path)
    lines = ctx.get_help().splitlines()
    assert len(lines) <= LINES
    assert max(map(len, lines)) <= COLUMNS
    assert lines[2].strip()
    for option in ctx.command.get_params(ctx):
        if isinstance(option, RareOption):
            assert option.opts[0] not in "\n".join(lines).split()
        elif isinstance(option, click.Option) and not option.hidden:
            record = option.get_help_record(ctx)
            assert record is not None
            assert record[1].strip(), option.opts


@pytest.mark.parametrize("path", COMMANDS, ids=lambda path: " ".join(path) or "podlane")
def test_its_examples_are_commands(path: tuple[str, ...]) -> None:
    found = context(path).command
    if isinstance(found, click.Group):
        return
    assert isinstance(found, Command)
    assert found.examples
    for example in found.examples:
        words = shlex.split(example.partition(" | ")[0].partition(" >")[0])
        own = ("config", "check") if path[-1] == "lint" else path  # an old name
        assert tuple(words[: len(own) + 1]) == ("podlane", *own)
        found.make_context(own[-1], words[len(own) + 1 :], parent=context(own).parent)


def test_help_all_shows_every_setting(capsys: pytest.CaptureFixture[str]) -> None:
    root.main(["register", "--help-all"], standalone_mode=False)
    shown = capsys.readouterr().out
    for option in context(("register",)).command.params:
        if isinstance(option, click.Option) and not option.hidden:
            assert option.opts[0] in shown
    told = [line for line in shown.splitlines() if line.startswith("  --kubernetes-cpu-request ")]
    assert told


def test_the_manual_page_has_every_command_and_option() -> None:
    text = "\n".join(page(root)).replace("\\-", "-")
    for path in COMMANDS:
        ctx = context(path)
        assert f"podlane {' '.join(path)}".strip() in text
        part = text[text.index(f".SS {ctx.command_path} ") if path else 0 :]
        part = part[: part.index("\n.SS ", 1) if "\n.SS " in part[1:] else len(part)]
        for option in ctx.command.get_params(ctx):
            if isinstance(option, click.Option) and not option.hidden:
                assert option.opts[0] in part, (path, option.opts)


@pytest.mark.parametrize("words", [["helper", "--help"], ["helper"]])
def test_the_helper_tells_what_it_is(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    from podlane.cli import main

    main.run(words)
    said = capsys.readouterr()
    assert "Traceback" not in said.err
    assert "podlane helper" in said.out + said.err
