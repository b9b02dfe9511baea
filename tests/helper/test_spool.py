"""The spool: what was appended is read, on a disk that has room and on one that has none."""

from __future__ import annotations

import resource
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given
from hypothesis import strategies as st

from helper.rig import Rig
from helper.test_job import plain
from podlane.helper.spool import Spool

FULL = Path("/dev/full")
ROOM = 1 << 20


def whole(spool: Spool, piece: int = 1 << 16) -> bytes:
    data = b""
    while len(data) < spool.size:
        found = spool.read(len(data), piece)
        assert found
        data += found
    return data


@contextmanager
def largest_file(size: int) -> Iterator[None]:
    """A disk that is full after so many bytes of a file."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@given(st.lists(st.binary(max_size=40)), st.integers(0, 200), st.integers(1, 50))
def test_nothing_is_lost_where_the_disk_ends(pieces: list[bytes], room: int, piece: int) -> None:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "trace"
        spool = Spool(path)
        with largest_file(room):
            for data in pieces:
                spool.append(data)
        log = b"".join(pieces)
        assert whole(spool, piece) == log
        assert spool.checksum() == (f"crc32:{zlib.crc32(log):08x}", len(log))
        assert path.stat().st_size <= room


def test_a_log_that_finds_no_room_ends_with_a_sentence() -> None:
    spool = Spool(FULL)
    for _ in range(3):
        spool.append(b"x" * (ROOM // 2 + 1))
    log = whole(spool)
    assert log.startswith(b"x" * ROOM + b"\n\x1b[33;1mThe disk that keeps this log takes no more")
    assert b"(No space left on device)" in log
    assert spool.checksum() == (f"crc32:{zlib.crc32(log):08x}", len(log))


async def test_a_full_disk_stops_no_script(rig: Rig) -> None:
    (rig.pod / "spool" / "trace").symlink_to(FULL)
    rig.change_part("trace", limit_bytes=10 << 20)
    done = rig.root / "done"
    rig.script(f"seq 400000; touch {done}")
    await rig.run()
    assert done.exists()
    assert rig.job.state == "success"
    assert "The disk that keeps this log takes no more" in plain(rig.trace)
    assert rig.job.checksum_matches is True
