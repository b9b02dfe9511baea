"""The runner of pages: what it takes for a block, and that a page that lies fails."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from harness.walk import File, Step, fits, read, walk

PAGE = """\
# A page

Some words, then `greeting.txt`:

    hello
      there

## Commands

Run it:

    $ cat greeting.txt
    hello
      there
    $ export NAME=a \\
        OTHER=b
    $ echo $NAME $OTHER $(date +%s)
    a b …

## The end

Nothing.
"""


def test_blocks_are_files_and_commands() -> None:
    first, second, third = read(PAGE)
    assert first.blocks == (File(5, "greeting.txt", "hello\n  there\n"),)
    assert second.title == "Commands"
    assert second.blocks == (
        Step(12, "cat greeting.txt", ("hello", "  there")),
        Step(15, "export NAME=a \\\n    OTHER=b", ()),
        Step(17, "echo $NAME $OTHER $(date +%s)", ("a b …",)),
    )
    assert third.blocks == ()


@pytest.mark.parametrize(
    "page", ["Words.\n\n    what is this\n", "In `a.txt`:\n\n    text\n\n    $ echo no\n"]
)
def test_a_block_that_is_neither_is_refused(page: str) -> None:
    with pytest.raises(ValueError, match="line 3"):
        read(page)


@pytest.mark.parametrize(
    ("wanted", "printed", "is_true"),
    [
        ((), "", True),
        ((), "something\n", False),
        (("a",), "a\n", True),
        (("a",), "a", True),
        (("a",), "a\nb\n", False),
        (("a", "b"), "a\n", False),
        (("a", "…"), "a\n", True),
        (("a", "…", "d"), "a\nb\nc\nd\n", True),
        (("a", "…", "d"), "a\nb\nc\n", False),
        (("a … d",), "a b c d\n", True),
        (("a … d",), "a b\nc d\n", False),
        (("a.c",), "abc\n", False),
    ],
)
def test_what_is_shown_is_what_is_printed(
    wanted: tuple[str, ...], printed: str, is_true: bool
) -> None:
    assert fits(wanted, printed) is is_true


async def play(page: str, folder: Path) -> None:
    names = {"me": "somebody"}
    async with walk(folder, names, {"PATH": os.environ["PATH"]}) as walking:
        for section in read(page):
            await walking.play(section)


async def test_a_true_page(tmp_path: Path) -> None:
    await play(PAGE, tmp_path)
    await play("# A\n\n    $ echo me\n    me\n", tmp_path)


@pytest.mark.parametrize(
    "page",
    [
        PAGE.replace("    a b …", "    a c …"),
        PAGE.replace("    hello\n      there\n    $", "    hello\n    $"),
        "# A\n\n    $ false\n",
        "# A\n\n    $ echo no >&2\n",
    ],
)
async def test_a_page_that_lies(page: str, tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match="line "):
        await play(page, tmp_path)
