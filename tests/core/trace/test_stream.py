"""The log's bytes on their way to the spool: limit, timestamps, odd bytes, two streams."""

from __future__ import annotations

import itertools
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from podlane.core.trace.limit import Limit
from podlane.core.trace.stream import OWN, SCRIPT, TraceStream
from podlane.core.trace.timestamps import LineStamper

NOON = 1_795_521_600.123456
HEAD = "2026-11-24T12:00:00.123456Z"
NOTICE = (
    "\n\x1b[33;1mJob's log exceeded limit of {} bytes.\n"
    "Job execution will continue but no more output will be collected.\x1b[0;m\n"
)


def stream(limit: int = 1 << 20, secrets: tuple[str, ...] = (), *, stamps: bool) -> TraceStream:
    return TraceStream(secrets, ["glpat-"], Limit(limit), with_timestamps=stamps)


def test_the_limit_cuts_no_character_and_says_so_once() -> None:
    limit = Limit(5)
    out = limit.feed("abcdé".encode()) + limit.feed(b"more") + limit.feed(b"")
    assert out.decode() == "abcd" + NOTICE.format(5)


def test_the_limit_itself_is_reached() -> None:
    limit = Limit(4)
    assert limit.feed(b"abc") == b"abc"
    assert limit.feed(b"d").decode() == "d" + NOTICE.format(4)


def test_headers() -> None:
    stamper = LineStamper(1)
    out = stamper.feed(b"one\ntw", NOON) + stamper.feed(b"o\nthree", NOON + 1)
    assert out.decode() == f"{HEAD} 01O one\n{HEAD} 01O two\n"
    assert stamper.flush().decode() == "2026-11-24T12:00:01.123456Z 01O three\n"
    assert stamper.feed(b"more\nnext\n", NOON).decode() == f"{HEAD} 01O+more\n{HEAD} 01O next\n"


def test_a_carriage_return_is_shown_at_once() -> None:
    stamper = LineStamper(0)
    assert stamper.feed(b"50%\r", NOON).decode() == f"{HEAD} 00O 50%\r\n"
    assert stamper.feed(b"100%\n", NOON).decode() == f"{HEAD} 00O+100%\n"


def test_long_lines_are_cut() -> None:
    stamper = LineStamper(1)
    out = stamper.feed(b"x" * 9000, NOON) + stamper.feed(b"y\n", NOON)
    assert out.count(b"\n") == 2
    assert re.sub(rb"\S+ 01O.", b"", out) == b"x" * 9000 + b"\ny\n"


def test_a_line_of_ours_does_not_show_pieces_of_a_secret() -> None:
    both = stream(secrets=("secret",), stamps=False)
    out = both.feed(SCRIPT, b"sec", 0) + both.feed(OWN, b"ours\n", 0) + both.feed(SCRIPT, b"ret", 0)
    assert out + both.flush(0) == b"ours\n[MASKED]"


def test_what_is_no_text_is_mended() -> None:
    both = stream(stamps=False)
    out = both.feed(SCRIPT, b"a\xff\xc3", 0) + both.feed(SCRIPT, b"\xa9\xe2\x82", 0)
    assert (out + both.flush(0)).decode() == "a\ufffd\u00e9\ufffd"


def test_dots_come_as_one_line() -> None:
    stamper = LineStamper(1)
    out = b"".join(stamper.feed(b".", NOON + at) for at in range(120)) + stamper.feed(b"\n", NOON)
    assert out.decode() == f"{HEAD} 01O{' '}{'.' * 120}\n"


def test_a_section_mark_is_an_entry_and_the_text_after_it_goes_on() -> None:
    stamper = LineStamper(0)
    out = stamper.feed(b"section_start:1:x\r\x1b[0K", NOON) + stamper.feed(b"Title\n", NOON)
    assert out.decode() == f"{HEAD} 00O section_start:1:x\r\x1b[0K\n{HEAD} 00O+Title\n"


ADDED = [
    ("::add-mask::tok\nb tok\n", "::add-mask::[MASKED]\nb [MASKED]\n"),
    ("::add-mask::one two \r\none two", "::add-mask::[MASKED]\r\n[MASKED]"),
    ("::add-mask::tok", "::add-mask::[MASKED]"),
    ("::add-mask::\ntok\n", "::add-mask::[MASKED]\ntok\n"),
    ("::add-mask::a1\n::add-mask::b2\na1b2", "::add-mask::[MASKED]\n" * 2 + "[MASKED][MASKED]"),
    ("+ echo ::add-mask::tok\ntok\n", "+ echo ::add-mask::[MASKED]\ntok\n"),
    (
        "\x1b[32;1m$ echo ::add-mask::$T\x1b[0;m\n",
        "\x1b[32;1m$ echo ::add-mask::[MASKED]\x1b[0;m\n",
    ),
    ("::add-mas::add-mask::x\n", "::add-mas::add-mask::[MASKED]\n"),
    ("::add-mask", "::add-mask"),
    ("std::add-mask: and ::add", "std::add-mask: and ::add"),
]


@pytest.mark.parametrize(("text", "expected"), ADDED)
def test_a_script_adds_a_mask(text: str, expected: str) -> None:
    data = text.encode()
    for size in (len(data), 1, 2, 3, 5, 7):
        both, out = stream(stamps=False), b""
        for at in range(0, len(data), size):
            out += both.feed(SCRIPT, data[at : at + size], 0)
        assert (out + both.flush(0)).decode() == expected, size


def test_an_added_mask_holds_for_our_own_lines_and_later_steps() -> None:
    both = stream(stamps=True)
    both.feed(SCRIPT, b"::add-mask::tok\n", NOON)
    both.flush(NOON)
    out = both.feed(OWN, b"ERROR: tok\n", NOON) + both.feed(SCRIPT, b"tok\n", NOON)
    assert out.decode() == f"{HEAD} 00O ERROR: [MASKED]\n{HEAD} 01O [MASKED]\n"


def test_our_own_lines_add_no_mask() -> None:
    both = stream(stamps=False)
    out = both.feed(OWN, b"::add-mask::tok\n", 0) + both.feed(SCRIPT, b"tok\n", 0)
    assert out == b"::add-mask::tok\ntok\n"


def test_a_value_without_end_is_hidden_and_no_mask() -> None:
    both = stream(stamps=False)
    out = both.feed(SCRIPT, b"::add-mask::", 0)
    for _ in range(40):
        out += both.feed(SCRIPT, b"x" * 4096, 0)
    out += both.feed(SCRIPT, b"\nend", 0) + both.flush(0)
    assert out == b"::add-mask::[MASKED]\nend"


@given(st.text(alphabet="ab\n\n\ré€", max_size=60), st.data())
def test_no_cut_changes_the_lines(text: str, data: st.DataObject) -> None:
    raw = text.encode()
    cuts = sorted(data.draw(st.lists(st.integers(0, len(raw)), max_size=5)))
    both, out = stream(stamps=True), b""
    for start, end in itertools.pairwise([0, *cuts, len(raw)]):
        out += both.feed(SCRIPT, raw[start:end], NOON)
    out += both.flush(NOON)
    entries = out.decode().split("\n")[:-1]
    again = ""
    for entry in entries:
        assert entry[:31] == f"{HEAD} 01O"
        again = again.removesuffix("\n") if entry[31] == "+" else again
        again += entry[32:] + "\n"
    assert again.removesuffix("\n") == text.removesuffix("\n")
