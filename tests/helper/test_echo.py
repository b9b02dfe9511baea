"""The copy of a job's log on the helper's output: the same bytes, and nothing waits for it."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helper.rig import Rig
from podlane.core.plan.model import TraceSettings
from podlane.core.text.token import Token
from podlane.helper.echo import Echo
from podlane.helper.spool import Spool
from podlane.helper.trace import Trace

SECRET = "s3cr3t-value"


@contextmanager
def read_all(descriptor: int) -> Iterator[list[bytes]]:
    """Collect what comes out of a pipe, until its other end is closed."""
    found: list[bytes] = []

    def read() -> None:
        while data := os.read(descriptor, 1000):
            found.append(data)

    thread = threading.Thread(target=read)
    thread.start()
    yield found
    thread.join(10)


PIECES = st.lists(
    st.one_of(
        st.binary(max_size=40),
        st.sampled_from([SECRET.encode(), SECRET.encode()[:5], SECRET.encode()[5:], b"\n"]),
    ),
    max_size=30,
)


@given(pieces=PIECES, limit=st.integers(1, 400), stamped=st.booleans())
def test_it_is_the_masked_log_byte_for_byte(
    pieces: list[bytes], limit: int, *, stamped: bool
) -> None:
    settings = TraceSettings(
        limit, (Token(SECRET),), ("glpat-",), with_timestamps=stamped, with_sections=False
    )
    out, into = os.pipe()
    with TemporaryDirectory() as folder, read_all(out) as found:
        spool = Spool(Path(folder) / "trace")
        trace = Trace(settings, spool, lambda *, is_urgent: None)
        echo = Echo(spool, into)
        echo.start()
        for piece in pieces:
            trace.script(piece)
        trace.flush()
        assert echo.finish(10)
        os.close(into)
        kept = spool.read(0, spool.size)
    os.close(out)
    assert b"".join(found) == kept
    assert SECRET.encode() not in b"".join(found)


def test_an_output_that_nobody_takes_holds_up_nothing(tmp_path: Path) -> None:
    out, into = os.pipe()
    spool = Spool(tmp_path / "trace")
    echo = Echo(spool, into)
    echo.start()
    for _ in range(100):
        spool.append(b"x" * 9_999 + b"\n")
    assert not echo.finish(0.5)
    assert spool.size == 1_000_000
    os.close(out)
    os.close(into)


def test_an_output_that_is_closed_is_no_trouble(tmp_path: Path) -> None:
    out, into = os.pipe()
    os.close(out)
    spool = Spool(tmp_path / "trace")
    echo = Echo(spool, into)
    echo.start()
    spool.append(b"line\n")
    assert not echo.finish(5)
    os.close(into)


@pytest.mark.parametrize("is_on", [True, False])
async def test_the_helper_prints_its_log_where_asked_for(rig: Rig, *, is_on: bool) -> None:
    rig.change_part("trace", masks=(Token(SECRET),), to_stdout=is_on)
    rig.script(f"echo 'it is {SECRET}'", "printf 'no end'", "exit 3")
    printed = rig.root / "printed"
    with printed.open("wb") as file:
        await rig.start(stdout=file)
        await rig.end()
    assert rig.job.state == "failed"
    assert "it is [MASKED]" in rig.trace
    assert printed.read_bytes() == (rig.job.trace if is_on else b"")
