"""The log's bytes on their way to the spool: limit, timestamps, odd bytes, two streams."""

from __future__ import annotations

import itertools
import re

from hypothesis import given
from hypothesis import strategies as st

from podlane.core.trace.limit import Limit
from podlane.core.trace.masker import Masker
from podlane.core.trace.stream import OWN, SCRIPT, TraceStream
from podlane.core.trace.timestamps import LineStamper

NOON = 1_795_521_600.123456
HEAD = "2026-11-24T12:00:00.123456Z"
NOTICE = (
    "\n\x1b[33;1mJob's log exceeded limit of {} bytes.\n"
    "Job execution will continue but no more output will be collected.\x1b[0;m\n"
)


def stream(limit: int = 1 << 20, secrets: tuple[str, ...] = (), *, stamps: bool) -> TraceStream:
    maskers = (Masker(secrets, ["glpat-"]), Masker(secrets, ["glpat-"]))
    return TraceStream(maskers, Limit(limit), with_timestamps=stamps)


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


@given(st.text(alphabet="ab\n\ré€", max_size=60), st.data())
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
