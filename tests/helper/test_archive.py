"""What artifacts and caches hold, and what an archive may not do."""

from __future__ import annotations

import os
import stat
import zipfile
from pathlib import Path
from typing import get_args

import pytest

from podlane.helper import archive


@pytest.fixture(name="project")
def _project(tmp_path: Path) -> Path:
    project = tmp_path / "project"
    for name in ("a.txt", "out/b.txt", "out/deep/c.log", ".hidden/d", "out/.e"):
        (project / name).parent.mkdir(parents=True, exist_ok=True)
        (project / name).write_text(name)
    (project / "link").symlink_to("out")
    (project / "dead").symlink_to("nowhere")
    (project / "outward").symlink_to("/etc")
    (project / "loop").symlink_to("loop")
    return project


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("a.txt", ["a.txt"]),
        ("./a.txt", ["a.txt"]),
        ("out/", ["out", "out/.e", "out/b.txt", "out/deep", "out/deep/c.log"]),
        ("out/*.txt", ["out/b.txt"]),
        ("**/*.log", ["out/deep/c.log"]),
        ("out/**/*.{txt,log}", ["out/b.txt", "out/deep/c.log"]),
        (".hidden", [".hidden", ".hidden/d"]),
        ("link", ["link"]),
        ("dead", ["dead"]),
        ("nothing", []),
        ("../secret", None),
        ("/etc/passwd", None),
        ("outward/passwd", None),
        ("outward/pass*", None),
        ("link/b.txt", ["link/b.txt"]),
        ("link/*.txt", ["link/b.txt"]),
        ("link/deep", ["link/deep", "link/deep/c.log"]),
        ("loop/x", None),
        ("a.txt/x", []),
        ("out/../a.txt", ["a.txt"]),
        ("[", []),
        ("with\0nul", None),
    ],
)
def test_find(project: Path, pattern: str, expected: list[str] | None) -> None:
    assert archive.find(project, pattern) == expected


def test_an_absolute_pattern_within_the_project(project: Path) -> None:
    assert archive.find(project, f"{project}/out/*.txt") == ["out/b.txt"]


@pytest.mark.parametrize("form", get_args(archive.Format))
@pytest.mark.parametrize("level", get_args(archive.Level))
def test_there_and_back(
    project: Path, tmp_path: Path, form: archive.Format, level: archive.Level
) -> None:
    noise = os.urandom(100_000) + bytes(500_000) + b"text " * 100_000
    (project / "large").write_bytes(noise)
    (project / "a.txt").chmod(0o755)
    os.utime(project / "a.txt", (1_700_000_000, 1_700_000_000))
    found = archive.find(project, "**/*") or []
    packed = archive.pack(tmp_path / "x", project, found, format=form, level=level)
    assert (packed.files, packed.size) == (len(found), (tmp_path / "x").stat().st_size)
    assert archive.names(tmp_path / "x") == set(found)
    target = tmp_path / "target"
    target.mkdir()
    archive.unpack(tmp_path / "x", target)
    assert (target / "large").read_bytes() == noise
    assert (target / "a.txt").read_text() == "a.txt"
    assert stat.S_IMODE((target / "a.txt").stat().st_mode) == 0o755
    assert abs((target / "a.txt").stat().st_mtime - 1_700_000_000) <= 2
    assert (target / "link").readlink() == Path("out")
    assert (target / "outward").readlink() == Path("/etc")
    assert (target / "out/deep/c.log").read_text() == "out/deep/c.log"
    archive.unpack(tmp_path / "x", target)  # over what is there


def entry(name: str, mode: int = stat.S_IFREG | 0o644) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name)
    info.create_system = 3
    info.external_attr = mode << 16
    return info


LINK = stat.S_IFLNK | 0o777


@pytest.mark.parametrize(
    "entries",
    [
        [(entry("../x"), "x")],
        [(entry("/x"), "x")],
        [(entry("a/../../x"), "x")],
        [(entry("l", LINK), "/etc"), (entry("l/x"), "x")],
        [(entry("l", LINK), "../.."), (entry("l/x"), "x")],
        [(entry("d", stat.S_IFCHR | 0o666), "")],
    ],
)
def test_an_archive_cannot_write_outside(
    tmp_path: Path, entries: list[tuple[zipfile.ZipInfo, str]]
) -> None:
    source, target = tmp_path / "x.zip", tmp_path / "deep" / "target"
    target.mkdir(parents=True)
    with zipfile.ZipFile(source, "w") as made:
        for info, text in entries:
            made.writestr(info, text)
    with pytest.raises(archive.BadArchive):
        archive.unpack(source, target)
    assert not (tmp_path / "x").exists()
    assert not (tmp_path / "deep" / "x").exists()


def test_no_archive_at_all(tmp_path: Path) -> None:
    (tmp_path / "x").write_text("no zip")
    with pytest.raises(archive.BadArchive):
        archive.unpack(tmp_path / "x", tmp_path)


def test_a_link_that_is_already_there_is_not_followed(tmp_path: Path) -> None:
    target, outside = tmp_path / "target", tmp_path / "outside"
    target.mkdir()
    outside.mkdir()
    (target / "d").symlink_to(outside)
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as made:
        made.writestr(entry("d/x"), "x")
    with pytest.raises(archive.BadArchive):
        archive.unpack(tmp_path / "x.zip", target)
    assert not list(outside.iterdir())
