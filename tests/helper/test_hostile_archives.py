"""Archives made to do harm: refused with the entry's name, and nothing written outside, ever.

Each is a list of entries, (name, kind, content or target), written by hand as a zip and as a tar.
"""

from __future__ import annotations

import contextlib
import os
import stat
import struct
import threading
import zipfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from podlane.helper import archive
from podlane.helper.archive import codecs, tar_format
from podlane.helper.archive.tar_format import Header

Entries = list[tuple[bytes, str, bytes]]
MODES = {
    "file": stat.S_IFREG | 0o644,
    "folder": stat.S_IFDIR | 0o755,
    "link": stat.S_IFLNK | 0o777,
    "pipe": stat.S_IFIFO | 0o644,
    "device": stat.S_IFCHR | 0o644,
    "socket": stat.S_IFSOCK | 0o644,
}
KINDS = {"file": b"0", "hard": b"1", "link": b"2", "device": b"3", "folder": b"5", "pipe": b"6"}

REFUSED: dict[str, tuple[Entries, str]] = {
    "up": ([(b"../x", "file", b"x")], "'../x' would be written outside"),
    "deep up": ([(b"a/b/../../../x", "file", b"x")], "would be written outside"),
    "up and in again": ([(b"../project/x", "file", b"x")], "would be written outside"),
    "absolute": ([(b"/tmp/x", "file", b"x")], "'/tmp/x' would be written outside"),
    "backslash": ([(b"\\\\server\\x", "file", b"x")], "would be written outside"),
    "backslash up": ([(b"a\\..\\..\\x", "file", b"x")], "would be written outside"),
    "drive": ([(b"C:\\x", "file", b"x")], "would be written outside"),
    "drive with slash": ([(b"c:/x", "file", b"x")], "would be written outside"),
    "folder up": ([(b"../d/", "folder", b"")], "would be written outside"),
    "link up": ([(b"../l", "link", b"x")], "would be written outside"),
    "through an absolute link": (
        [(b"l", "link", b"/tmp"), (b"l/x", "file", b"x")],
        "'l/x' needs a folder where there is a file or a link",
    ),
    "through a link up": (
        [(b"l", "link", b"../.."), (b"l/x", "file", b"x")],
        "'l/x' needs a folder",
    ),
    "through two links": (
        [(b"a", "link", b"b"), (b"b", "link", b".."), (b"a/x", "file", b"x")],
        "'a/x' needs a folder",
    ),
    "a folder through a link": (
        [(b"l", "link", b"/tmp"), (b"l/d/", "folder", b"")],
        "'l/d' needs a folder",
    ),
    "a link through a link": (
        [(b"l", "link", b"/tmp"), (b"l/x", "link", b"y")],
        "'l/x' needs a folder",
    ),
    "a link and a file of one name": (
        [(b"l", "link", b"/tmp/x"), (b"l", "file", b"x")],
        "'l' is there twice",
    ),
    "the same by another spelling": (
        [(b"d/l", "link", b"/tmp/x"), (b"d/./l", "file", b"x")],
        "is there twice",
    ),
    "a folder that is a link": (
        [(b"l", "link", b"/tmp"), (b"l/", "folder", b"")],
        "is there twice",
    ),
    "a file where a folder is needed": (
        [(b"a", "file", b"x"), (b"a/b", "file", b"x")],
        "'a/b' needs a folder",
    ),
    "a folder where a file is to be": (
        [(b"a/b", "file", b"x"), (b"a", "file", b"x")],
        "'a' would replace a folder that is not empty",
    ),
    "a pipe": ([(b"p", "pipe", b"")], "'p' is neither file, folder nor link"),
    "a device": ([(b"dev/null", "device", b"")], "'dev/null' is neither file"),
    "no name": ([(b"", "file", b"x")], "has no name"),
    "the project itself": ([(b".", "file", b"x")], "has no name"),
    "an empty link": ([(b"l", "link", b"")], "is a link that leads nowhere"),
    "nul in a link": ([(b"l", "link", b"a\0b")], "leads nowhere"),
}
ONLY_ZIP = {
    "nul": ([(b"a\0b", "file", b"x")], "would be written outside"),
    "a socket": ([(b"s", "socket", b"")], "'s' is neither file, folder nor link"),
}
ONLY_TAR = {"hard link": ([(b"h", "hard", b"/etc/passwd")], "'h' is a hard link")}


def make_zip(target: Path, entries: Entries) -> None:
    """As Python's zipfile would, but for its care with names."""
    with target.open("wb") as out:
        central = b""
        for name, kind, data in entries:
            offset, crc = out.tell(), codecs.crc32(data)
            rest = (0, 0, 0, 33, crc, len(data), len(data), len(name), 0)
            out.write(struct.pack("<4s5H3I2H", b"PK\3\4", 20, *rest) + name + data)
            more = (0, 0, 0, MODES[kind] << 16, offset)
            central += struct.pack("<4s6H3I5H2I", b"PK\1\2", 0x314, 20, *rest, *more) + name
        start, count = out.tell(), len(entries)
        end = (0, 0, count, count, len(central), start, 0)
        out.write(central + struct.pack("<4s4H2IH", b"PK\5\6", *end))


def make_tar(target: Path, entries: Entries) -> None:
    data = b""
    for name, kind, content in entries:
        is_file = kind == "file"
        size = len(content) if is_file else 0
        header = Header(name, KINDS[kind], size=size, target=b"" if is_file else content)
        data += tar_format.write(header)
        data += content + tar_format.padding(size) if is_file else b""
    compressor = codecs.zstd_compressor("default")
    target.write_bytes(compressor.compress(data + bytes(1024)) + compressor.flush())


def everything(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))


def refuse(tmp_path: Path, words: str) -> None:
    """Unpack x into a project two levels deep: refused, and all that is new is in it."""
    project = tmp_path / "above" / "project"
    project.mkdir(parents=True)
    with pytest.raises(archive.BadArchive) as caught:
        archive.unpack(tmp_path / "x", project)
    assert words in str(caught.value)
    assert everything(tmp_path) == ["above", "above/project", *sorted(inside(project)), "x"]
    assert not Path("/tmp/x").exists()


def inside(project: Path) -> list[str]:
    return [f"above/project/{name}" for name in everything(project)]


@pytest.mark.parametrize("name", [*REFUSED, *ONLY_ZIP])
def test_a_zip_is_refused(tmp_path: Path, name: str) -> None:
    entries, words = (REFUSED | ONLY_ZIP)[name]
    make_zip(tmp_path / "x", entries)
    refuse(tmp_path, words)


@pytest.mark.parametrize("name", [*REFUSED, *ONLY_TAR])
def test_a_tar_is_refused(tmp_path: Path, name: str) -> None:
    entries, words = (REFUSED | ONLY_TAR)[name]
    if name == "nul in a link":
        pytest.skip("a tar header ends a name at NUL")
    make_tar(tmp_path / "x", entries)
    refuse(tmp_path, words)


def test_a_refused_zip_has_written_nothing_where_it_could_be_told_before(tmp_path: Path) -> None:
    make_zip(tmp_path / "x", [(b"good", "file", b"x"), (b"../bad", "file", b"x")])
    refuse(tmp_path, "'../bad'")
    assert not (tmp_path / "above/project/good").exists()


@pytest.mark.parametrize("form", ["zip", "zipzstd", "tarzstd"])
def test_gigabytes_of_zeros_are_refused_before_they_are_written(
    tmp_path: Path, form: archive.Format
) -> None:
    (tmp_path / "source").mkdir()
    for name in ("a", "zeros"):
        with (tmp_path / "source" / name).open("wb") as file:
            file.truncate(600 << 20)
    archive.pack(tmp_path / "x", tmp_path / "source", ["a", "zeros"], format=form)
    project = tmp_path / "project"
    project.mkdir()
    with pytest.raises(archive.BadArchive, match="with the entry 'zeros' it would unpack to more"):
        archive.unpack(tmp_path / "x", project)
    assert not (project / "zeros").exists()


def test_more_than_there_is_room_for_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_zip(tmp_path / "x", [(b"a", "file", bytes(200_000))])
    (tmp_path / "project").mkdir()
    full = os.statvfs_result((4096, 4096, 0, 1, 1, 0, 0, 0, 0, 255))
    monkeypatch.setattr(os, "statvfs", lambda _: full)
    with pytest.raises(archive.BadArchive, match=r"there is room for 0\.0 MiB"):
        archive.unpack(tmp_path / "x", tmp_path / "project")
    (tmp_path / "project" / "a").write_bytes(bytes(250_000))
    archive.unpack(tmp_path / "x", tmp_path / "project")  # what it replaces makes room


def patch(path: Path, sign: bytes, at: int, data: bytes) -> None:
    """Change bytes of the first record that begins with `sign`."""
    whole = bytearray(path.read_bytes())
    start = whole.find(sign) + at
    whole[start : start + len(data)] = data
    path.write_bytes(whole)


DAMAGE = {
    "a size that is too small": (b"PK\1\2", 24, struct.pack("<I", 5), "holds more than it says"),
    "a size that is too large": (b"PK\1\2", 24, struct.pack("<I", 99_999), "is damaged"),
    "another checksum": (b"PK\1\2", 16, b"\0\0\0\0", "is damaged"),
    "encrypted": (b"PK\1\2", 8, b"\1\0", "is encrypted"),
    "an unknown method": (b"PK\1\2", 10, b"\x0c\0", "method 12"),
    "an offset into nowhere": (b"PK\1\2", 42, struct.pack("<I", 7), "is not where it should be"),
    "an offset behind the end": (b"PK\1\2", 42, struct.pack("<I", 1 << 30), "not where it should"),
    "more packed than there is": (b"PK\1\2", 20, struct.pack("<I", 1 << 20), "overlaps what"),
    "more entries than it has": (b"PK\5\6", 10, b"\xff\x00", "list of entries is damaged"),
    "a list that is elsewhere": (b"PK\5\6", 16, struct.pack("<I", 3), "list of entries is damaged"),
    "a list behind the end": (b"PK\5\6", 16, struct.pack("<I", 1 << 30), "list of entries"),
    "several disks": (b"PK\5\6", 4, b"\1\0", "one part of several"),
}


@pytest.mark.parametrize("name", DAMAGE)
def test_a_damaged_zip(tmp_path: Path, name: str) -> None:
    sign, at, data, words = DAMAGE[name]
    (tmp_path / "f").write_bytes(b"text " * 1000)
    archive.pack(tmp_path / "x", tmp_path, ["f"])
    (tmp_path / "f").unlink()
    patch(tmp_path / "x", sign, at, data)
    refuse(tmp_path, words)


def test_entries_that_share_their_bytes(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "x", "w") as made:
        made.writestr("one", "content" * 100)
        made.writestr("two", "content" * 100)
    whole = bytearray((tmp_path / "x").read_bytes())
    second = whole.rfind(b"PK\1\2")
    whole[second + 42 : second + 46] = bytes(4)
    (tmp_path / "x").write_bytes(whole)
    refuse(tmp_path, "overlaps another")


def test_a_frame_that_wants_a_huge_window_is_refused(tmp_path: Path) -> None:
    frame = b"\x28\xb5\x2f\xfd" + bytes([0x00, (31 - 10) << 3]) + bytes([0x01, 0, 0])
    (tmp_path / "x").write_bytes(frame)
    refuse(tmp_path, "damaged")


def test_a_header_of_a_tar_that_would_fill_the_memory(tmp_path: Path) -> None:
    compressor = codecs.zstd_compressor("default")
    head = tar_format.write(Header(b"pax", b"x", size=1 << 30))
    data = compressor.compress(head) + compressor.compress(bytes(8 << 20)) + compressor.flush()
    (tmp_path / "x").write_bytes(data)
    refuse(tmp_path, "longer than any that is needed")


@pytest.mark.parametrize("form", ["zip", "zipzstd", "tarzstd"])
def test_an_archive_cut_anywhere_is_refused_and_never_crashes(
    tmp_path: Path, form: archive.Format
) -> None:
    for name in ("a", "b"):
        (tmp_path / name).write_bytes(os.urandom(300) + b"text" * 200)
    whole = tmp_path / "whole"
    archive.pack(whole, tmp_path, ["a", "b"], format=form)
    data = whole.read_bytes()
    project = tmp_path / "project"
    project.mkdir()
    for size in range(0, len(data) - 1, 7):
        whole.write_bytes(data[:size])
        with pytest.raises(archive.BadArchive):
            archive.unpack(whole, project)


@pytest.mark.parametrize("form", ["zip", "zipzstd", "tarzstd"])
@given(changes=st.lists(st.tuples(st.integers(0, 10_000), st.integers(0, 255)), max_size=6))
@settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_any_damage_is_refused_or_harmless(
    tmp_path: Path, form: archive.Format, changes: list[tuple[int, int]]
) -> None:
    source = tmp_path / "source"
    (source / "d").mkdir(parents=True, exist_ok=True)
    (source / "d" / "f").write_bytes(b"text" * 50)
    if not (source / "l").is_symlink():
        (source / "l").symlink_to("d")
    archive.pack(tmp_path / "x", source, ["d", "d/f", "l"], format=form)
    data = bytearray((tmp_path / "x").read_bytes())
    for at, value in changes:
        data[at % len(data)] = value
    (tmp_path / "x").write_bytes(data)
    project = tmp_path / "deep" / "project"
    project.mkdir(parents=True, exist_ok=True)
    with contextlib.suppress(archive.BadArchive, OSError):
        archive.unpack(tmp_path / "x", project)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["deep", "source", "x"]
    assert [path.name for path in (tmp_path / "deep").iterdir()] == ["project"]


NAME = st.lists(
    st.sampled_from(["a", "b", "..", ".", "", "l", "C:", "\\", "..\\", "ü", "\udce9", " "]),
    min_size=1,
    max_size=4,
).map("/".join)


@given(
    entries=st.lists(st.tuples(NAME, st.sampled_from(["file", "folder", "link"]), NAME), max_size=5)
)
@example(entries=[("l", "link", ".."), ("l/a", "file", "x")])
@settings(
    max_examples=400,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@pytest.mark.parametrize("make", [make_zip, make_tar])
def test_no_names_lead_outside(
    tmp_path: Path, make: type, entries: list[tuple[str, str, str]]
) -> None:
    raw = [
        (name.encode("utf-8", "surrogateescape"), kind, text.encode("utf-8", "surrogateescape"))
        for name, kind, text in entries
    ]
    make(tmp_path / "x", raw)
    project = tmp_path / "deep" / "project"
    project.mkdir(parents=True, exist_ok=True)
    with contextlib.suppress(archive.BadArchive, OSError):
        archive.unpack(tmp_path / "x", project)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["deep", "x"]
    assert [path.name for path in (tmp_path / "deep").iterdir()] == ["project"]


def test_a_process_that_swaps_folders_for_links_meanwhile_gets_nothing_out(tmp_path: Path) -> None:
    """The job's own processes run beside us, in the same working copy."""
    project, outside = tmp_path / "project", tmp_path / "outside"
    project.mkdir()
    outside.mkdir()
    make_zip(tmp_path / "x", [(b"d/e/f%d" % n, "file", b"x" * 1000) for n in range(300)])
    over = threading.Event()

    def swap() -> None:
        count = 0
        while not over.is_set():
            count += 1
            with contextlib.suppress(OSError):
                (project / "d").rename(project / f"away{count}")
                (project / "d").symlink_to(outside)
                (project / "d").unlink()

    thread = threading.Thread(target=swap)
    thread.start()
    try:
        for _ in range(15):
            with contextlib.suppress(archive.BadArchive, OSError):
                archive.unpack(tmp_path / "x", project)
    finally:
        over.set()
        thread.join()
    assert not list(outside.iterdir())
