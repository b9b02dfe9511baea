"""A job's log as people read it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from podlane.local.lines import Lines, clean, without_colours

ROWS = [
    (b"plain", "plain"),
    (b"section_start:1700000000:step_script\r\x1b[0K\x1b[36mExecuting\x1b[0;m",
     "\x1b[36mExecuting\x1b[0;m"),
    (b"section_end:1:a\r\x1b[0Ksection_start:1:b[collapsed=true]\r\x1b[0Khead", "head"),
    (b"section_end:1:a\r\x1b[0K", None),
    (b"", ""),
    (b"10%\r50%\r100%", "100%"),
    (b"dos\r", "dos"),
    (b"\x1b[2Jcleared\x1b[1m", "cleared\x1b[1m"),
    (b"\xff", "\ufffd"),
]  # fmt: skip


@pytest.mark.parametrize(("raw", "expected"), ROWS)
def test_clean(raw: bytes, expected: str | None) -> None:
    assert clean(raw) == expected


@given(st.lists(st.binary(max_size=12)))
def test_lines_do_not_depend_on_how_the_bytes_come(pieces: list[bytes]) -> None:
    whole, cut = Lines(), Lines()
    expected = whole.feed(b"".join(pieces)) + whole.end()
    found = [line for piece in pieces for line in cut.feed(piece)] + cut.end()
    assert found == expected


def test_colours_go() -> None:
    assert without_colours("\x1b[32;1m$ x\x1b[0;m") == "$ x"
