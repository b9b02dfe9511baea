"""Archives as other programs write and read them."""

from __future__ import annotations

import io
import shutil
import stat
import struct
import subprocess
import zipfile
from pathlib import Path

import pytest

from helper.test_archive import unpacked
from podlane.helper import archive
from podlane.helper.archive import codecs, zip_format, zip_writer
from podlane.helper.archive.facts import Meta
from podlane.helper.archive.zip_reader import ZipReader


def test_more_entries_than_a_plain_zip_can_count(tmp_path: Path) -> None:
    extra = {f"n{n:05}": b"" for n in range(66_000)}
    packed = archive.pack(tmp_path / "x", tmp_path, [], extra=extra)
    assert packed.files == 66_000
    with zipfile.ZipFile(tmp_path / "x") as made:
        assert len(made.infolist()) == 66_000
    with (tmp_path / "x").open("rb") as file:
        assert ZipReader(file.fileno()).count == 66_000


def test_sizes_and_places_beyond_four_gigabytes(tmp_path: Path) -> None:
    """The records alone: a file of that size would take half a minute."""
    meta = Meta(stat.S_IFREG | 0o644, 1_700_000_000, 1, 2)
    record = zip_format.Record(b"huge", 8, meta, is_large=True)
    record.packed, record.size, record.offset = 5 << 30, 6 << 30, 7 << 30
    central = zip_format.central_header(record)
    end = zip_format.end_records(1, len(central), 1 << 20)
    path = tmp_path / "x"
    path.write_bytes(bytes(1 << 20) + central + end)
    with path.open("rb") as file:
        (entry,) = ZipReader(file.fileno()).entries()
    assert (entry.packed, entry.size, entry.offset) == (5 << 30, 6 << 30, 7 << 30)
    with zipfile.ZipFile(path) as made:
        (info,) = made.infolist()
    assert (info.compress_size, info.file_size, info.header_offset) == (5 << 30, 6 << 30, 7 << 30)
    local = zip_format.local_header(record)
    assert local[18:26] == b"\xff" * 8
    assert local.endswith(struct.pack("<HHQQ", 1, 16, 6 << 30, 5 << 30))


@pytest.mark.parametrize("form", ["zip", "zipzstd"])
def test_room_for_large_sizes_harms_no_reader(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, form: archive.Format
) -> None:
    monkeypatch.setattr(zip_writer, "_LARGE", 300_000)
    (tmp_path / "f").write_bytes(b"text" * 100_000)
    archive.pack(tmp_path / "x", tmp_path, ["f"], format=form)
    assert (unpacked(tmp_path / "x", tmp_path) / "f").read_bytes() == b"text" * 100_000
    if form == "zip":
        with zipfile.ZipFile(tmp_path / "x") as made:
            assert made.testzip() is None


def test_an_archive_of_others(tmp_path: Path) -> None:
    """Written as to a pipe, sizes behind the data; with 64-bit forms; by DOS."""
    out = io.BytesIO()
    out.seekable = lambda: False  # type: ignore[method-assign]
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as made:
        made.writestr("piped", "content " * 1000)
        with made.open(zipfile.ZipInfo("wide"), "w", force_zip64=True) as file:
            file.write(b"wide")
        dos = zipfile.ZipInfo("dos/folder/file.txt", (2021, 2, 3, 4, 5, 6))
        dos.create_system = 0
        made.writestr(dos, "from dos")
        made.comment = b"PK\5\6 said somebody"
    (tmp_path / "x").write_bytes(out.getvalue())
    target = unpacked(tmp_path / "x", tmp_path)
    assert (target / "piped").read_text() == "content " * 1000
    assert (target / "wide").read_text() == "wide"
    assert (target / "dos/folder/file.txt").read_text() == "from dos"
    assert stat.S_IMODE((target / "dos/folder/file.txt").stat().st_mode) == 0o644


def test_a_tar_of_gnu_tar(tmp_path: Path) -> None:
    source = tmp_path / "source"
    (source / ("n" * 90) / ("m" * 90)).mkdir(parents=True)
    (source / ("n" * 90) / ("m" * 90) / "f").write_text("long")
    (source / "l").symlink_to("t" * 150)
    for form in ("gnu", "pax", "ustar"):
        names = ["./" + "n" * 90] if form == "ustar" else ["."]
        done = subprocess.run(
            ["tar", f"--format={form}", "-cf", "-", *names], cwd=source, capture_output=True
        )
        assert done.returncode == 0, done.stderr
        compressor = codecs.zstd_compressor("default")
        (tmp_path / form).write_bytes(compressor.compress(done.stdout) + compressor.flush())
        shutil.rmtree(tmp_path / "target", ignore_errors=True)
        target = unpacked(tmp_path / form, tmp_path)
        assert (target / ("n" * 90) / ("m" * 90) / "f").read_text() == "long"
        assert form == "ustar" or (target / "l").readlink() == Path("t" * 150)


def test_gnu_tar_reads_ours(tmp_path: Path) -> None:
    project = tmp_path / "project"
    (project / "d").mkdir(parents=True)
    (project / "d" / ("long" * 40)).write_text("x")
    (project / "link").symlink_to("d")
    names = archive.find(project, ".") or []
    archive.pack(tmp_path / "x", project, names, format="tarzstd")
    plain = codecs.zstd_decompressor().decompress((tmp_path / "x").read_bytes())
    done = subprocess.run(["tar", "-tf", "-"], input=plain, capture_output=True, check=True)
    listed = [name.rstrip("/") for name in done.stdout.decode().splitlines()]
    assert sorted(listed) == sorted(names)


@pytest.mark.skipif(not shutil.which("unzip"), reason="needs unzip")
def test_unzip_reads_ours(tmp_path: Path) -> None:
    project, target = tmp_path / "project", tmp_path / "target"
    (project / "d").mkdir(parents=True)
    (project / "d" / "grün").write_bytes(b"text" * 100_000)
    (project / "d" / "tool").write_text("#!")
    (project / "d" / "tool").chmod(0o750)
    (project / "link").symlink_to("d/tool")
    archive.pack(tmp_path / "x.zip", project, archive.find(project, ".") or [])
    done = subprocess.run(["unzip", "-q", "x.zip", "-d", target], cwd=tmp_path, capture_output=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
    assert (target / "d" / "grün").read_bytes() == b"text" * 100_000
    assert stat.S_IMODE((target / "d" / "tool").stat().st_mode) == 0o750
    assert (target / "link").readlink() == Path("d/tool")
    assert (target / "d" / "tool").stat().st_mtime == int((project / "d/tool").stat().st_mtime)
