"""The last echoed command and the last lines, however the bytes are cut."""

from __future__ import annotations

import itertools

from hypothesis import given
from hypothesis import strategies as st

from podlane.core.plan.step import render_step
from podlane.core.trace.tail import Tail

ECHO = "\x1b[32;1m$ {}\x1b[0;m\n"
TEXT = f"a\n{ECHO.format('one')}b\n{ECHO.format('make -j8 é')}{'x' * 300}\nend\n".encode()


def fed(pieces: list[bytes]) -> Tail:
    tail = Tail()
    for piece in pieces:
        tail.feed(piece)
    return tail


@given(st.lists(st.integers(0, len(TEXT)), max_size=8))
def test_cuts_change_nothing(cuts: list[int]) -> None:
    edges = [0, *sorted(cuts), len(TEXT)]
    tail = fed([TEXT[a:b] for a, b in itertools.pairwise(edges)])
    assert tail.command == "make -j8 é"
    assert tail.output == TEXT


def test_much_output_after_the_command() -> None:
    tail = fed([TEXT, *([b"y" * 9999] * 20)])
    assert tail.command == "make -j8 é"
    assert len(tail.output) == 16 * 1024


def test_a_long_command_is_cut_and_a_new_step_begins_empty() -> None:
    tail = fed([ECHO.format("z" * 5000).encode()])
    assert tail.command == "z" * 119 + "…"
    tail.begin()
    assert (tail.command, tail.output) == ("", b"")


def test_the_echo_is_the_steps_own() -> None:
    """If the echo of `core.plan.step` changes, so must what is looked for."""
    text = render_step({}, ["make all"], folder="/")
    shown = next(line for line in text.splitlines() if "$ make all" in line)
    assert fed([f"{shown}\n".encode()]).command == "make all"
